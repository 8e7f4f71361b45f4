import { Readable } from "node:stream";
import { AccountId } from "@tillkeeper/contract/accounts";
import { ListQuery } from "@tillkeeper/contract/http/paging";
import {
  KeyId,
  Release,
  ReleaseCreate,
  ReleaseKey,
  ReleaseKeyCreate,
  ReleaseKeyList,
  ReleaseList,
  releaseFilters,
} from "@tillkeeper/contract/http/releases";
import { readAccounts, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import { fileAnswer, fileParts, fileType, putFile } from "./files.ts";
import { addKey, getKeys, revokeKey } from "./keys.ts";
import { addRelease, getRelease, getReleases, type ReleaseDeps, withdrawRelease } from "./releases.ts";

const tag = "Updates";
const list = "/v1/accounts/:aid/releases";
const one = `${list}/:release_id`;
const keys = "/v1/accounts/:aid/release-keys";
const Uuid = Type.String({ format: "uuid" });
const ofAccount = Type.Object({ aid: AccountId });
const ofRelease = Type.Object({ aid: AccountId, release_id: Uuid });
const ofKey = Type.Object({ aid: AccountId, key_id: KeyId });
const ReleaseListQuery = Type.Object(
  {
    ...releaseFilters,
    limit: ListQuery.properties.limit,
    starting_after: Type.Optional(Type.String({ format: "uuid", description: "`starting_after` of the page before." })),
  },
  { additionalProperties: false },
);

export function releaseRoutes(deps: ReleaseDeps): Route[] {
  return [...collectionRoutes(deps), ...memberRoutes(deps), ...fileRoutes(deps), ...keyRoutes(deps)];
}

function collectionRoutes(deps: ReleaseDeps): Route[] {
  return [
    route({
      method: "POST",
      path: list,
      scopes: writeAccounts,
      id: "aid_releases_post",
      summary: "Describe a release; it is offered once its file is here",
      tag,
      schemas: { params: ofAccount, body: ReleaseCreate, responses: { 201: Release } },
      handle: async ({ caller, body }) => ({ status: 201, body: await addRelease(deps, caller, body) }),
    }),
    route({
      method: "GET",
      path: list,
      scopes: readAccounts,
      id: "aid_releases_get",
      summary: "List releases, newest first",
      tag,
      schemas: { params: ofAccount, query: ReleaseListQuery, responses: { 200: ReleaseList } },
      handle: async ({ caller, query }) => ({ status: 200, body: await getReleases(deps, caller.accountId, query) }),
    }),
  ];
}

function memberRoutes(deps: ReleaseDeps): Route[] {
  return [
    route({
      method: "GET",
      path: one,
      scopes: readAccounts,
      id: "aid_releases_rid_get",
      summary: "One release",
      tag,
      schemas: { params: ofRelease, responses: { 200: Release } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getRelease(deps, caller.accountId, params.release_id),
      }),
    }),
    route({
      method: "DELETE",
      path: one,
      scopes: writeAccounts,
      id: "aid_releases_rid_delete",
      summary: "Withdraw a release: terminals are not offered it any more",
      tag,
      schemas: { params: ofRelease, responses: { 200: Release } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await withdrawRelease(deps, caller, params.release_id),
      }),
    }),
  ];
}

function fileRoutes(deps: ReleaseDeps): Route[] {
  return [
    route({
      method: "PUT",
      path: `${one}/file`,
      scopes: writeAccounts,
      id: "aid_releases_rid_file_put",
      summary: "Send the file of a release; from then on it is available",
      tag,
      upload: [fileType],
      schemas: { params: ofRelease, responses: { 200: Release } },
      handle: async ({ caller, params, request }) => {
        const length = request.headers["content-length"];
        const upload = {
          id: params.release_id,
          content: request.body instanceof Readable ? request.body : Readable.from([]),
          length: length === undefined ? undefined : Number(length),
        };
        return { status: 200, body: await putFile(deps, caller, upload) };
      },
    }),
    route({
      method: "GET",
      path: `${one}/file`,
      scopes: readAccounts,
      id: "aid_releases_rid_file_get",
      summary: "The file of a release, or the part of it that Range asks for",
      tag,
      binary: fileType,
      schemas: { params: ofRelease, responses: fileParts },
      handle: async ({ caller, params, request }) => {
        const release = await getRelease(deps, caller.accountId, params.release_id);
        return fileAnswer(deps.files, caller.accountId, release, request.headers);
      },
    }),
  ];
}

function keyRoutes(deps: ReleaseDeps): Route[] {
  return [
    route({
      method: "POST",
      path: keys,
      scopes: writeAccounts,
      givesPower: true,
      id: "aid_release_keys_post",
      summary: "Register the public key of who makes releases",
      tag,
      schemas: { params: ofAccount, body: ReleaseKeyCreate, responses: { 201: ReleaseKey } },
      handle: async ({ caller, body }) => ({ status: 201, body: await addKey(deps, caller, body) }),
    }),
    route({
      method: "GET",
      path: keys,
      scopes: readAccounts,
      id: "aid_release_keys_get",
      summary: "All release keys, newest first, revoked ones too",
      tag,
      schemas: { params: ofAccount, responses: { 200: ReleaseKeyList } },
      handle: async ({ caller }) => ({ status: 200, body: { release_keys: await getKeys(deps, caller.accountId) } }),
    }),
    route({
      method: "DELETE",
      path: `${keys}/:key_id`,
      scopes: writeAccounts,
      givesPower: true,
      id: "aid_release_keys_kid_delete",
      summary: "Revoke a release key: what it signed is not offered any more",
      tag,
      schemas: { params: ofKey, responses: { 200: ReleaseKey } },
      handle: async ({ caller, params }) => ({ status: 200, body: await revokeKey(deps, caller, params.key_id) }),
    }),
  ];
}
