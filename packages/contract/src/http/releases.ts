import { type Static, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { limits } from "../limits.ts";
import { modelPattern, Name } from "../names.ts";
import { ReleaseStatus } from "../releases.ts";
import { Time, Uuid } from "../scalars.ts";
import { readAccounts, writeAccounts } from "../scopes.ts";
import { versionPattern } from "../versions.ts";
import { endpoint } from "./endpoint.ts";
import { fileAnswers, fileHeaders, fileType, RangeHeaders } from "./files.ts";
import { limit, nextPage, startingAfterUuid } from "./paging.ts";
import { ofAccount } from "./params.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

export const ReleaseModel = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: modelPattern,
  examples: ["SATURN1000"],
});
export const Version = Type.String({ pattern: versionPattern, examples: ["4.2.0"] });
export const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the file, hexadecimal." });
export const Signature = Type.String({
  pattern: "^[A-Za-z0-9_-]{86}$",
  description: "Ed25519 signature of the release's text, base64url without padding: see docs/updates.md.",
});
export const KeyId = Type.String({
  pattern: "^[A-Za-z0-9_-]{43}$",
  description: "The key's thumbprint (RFC 7638, SHA-256).",
});
const Size = Type.Integer({ minimum: 1, maximum: limits.releaseFileBytes, description: "Bytes of the file." });
const Notes = Type.String({ minLength: 1, maxLength: 4_000, description: "For people." });

const described = { device_model: ReleaseModel, version: Version, size: Size, sha256: Sha256 };

const ReleaseInput = Type.Object(
  { ...described, signature: Signature, key_id: KeyId, notes: Type.Optional(Notes) },
  { additionalProperties: false },
);
export type ReleaseCreate = Static<typeof ReleaseInput>;

export const Release = Type.Object({
  id: Uuid,
  ...described,
  signature: Signature,
  key_id: KeyId,
  notes: Type.Optional(Notes),
  status: ReleaseStatus,
  offered: Type.Boolean({ description: "Terminals may get it: it is available, and its key is not revoked." }),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
});
export type Release = Static<typeof Release>;

export const ReleaseCreate = takesBack(ReleaseInput, Release);

export const ReleaseList = Type.Object({ releases: Type.Array(Release), starting_after: nextPage });
export type ReleaseList = Static<typeof ReleaseList>;

export const releaseFilters = {
  device_model: Type.Optional(ReleaseModel),
  status: Type.Optional(ReleaseStatus),
};

/** A public key with which releases are verified (RFC 8037). There is no field for a private part. */
export const ReleasePublicKey = Type.Object(
  {
    kty: Type.Literal("OKP"),
    crv: Type.Literal("Ed25519"),
    x: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$", description: "The 32 bytes of the key, base64url." }),
  },
  { additionalProperties: false },
);
export type ReleasePublicKey = Static<typeof ReleasePublicKey>;

const ReleaseKeyInput = Type.Object({ name: Name, public_key: ReleasePublicKey }, { additionalProperties: false });
export type ReleaseKeyCreate = Static<typeof ReleaseKeyInput>;

export const ReleaseKey = Type.Object({
  key_id: KeyId,
  name: Type.String(),
  public_key: ReleasePublicKey,
  created_at: Time,
  created_by: Type.String(),
  revoked_at: Type.Optional(Time),
  revoked_by: Type.Optional(Type.String()),
});
export type ReleaseKey = Static<typeof ReleaseKey>;

export const ReleaseKeyCreate = takesBack(ReleaseKeyInput, ReleaseKey);

export const ReleaseKeyList = Type.Object({ release_keys: Type.Array(ReleaseKey) });
export type ReleaseKeyList = Static<typeof ReleaseKeyList>;

const tag = "Updates";
const list = "/v1/accounts/:aid/releases";
const one = `${list}/:release_id` as const;
const keys = "/v1/accounts/:aid/release-keys";
const release = { path: one, schema: Release } as const satisfies Resource;
const ofRelease = Type.Object({ aid: AccountId, release_id: Uuid });
const ofKey = Type.Object({ aid: AccountId, key_id: KeyId });
const ReleaseListQuery = Type.Object(
  {
    ...releaseFilters,
    limit,
    starting_after: startingAfterUuid,
  },
  { additionalProperties: false },
);

export const releaseEndpoints = {
  create: endpoint({
    method: "POST",
    path: list,
    resource: release,
    scopes: writeAccounts,
    id: "aid_releases_post",
    summary: "Create a release; it is offered once its file has been sent",
    tag,
    params: ofAccount,
    body: ReleaseCreate,
    answers: { 201: Release },
    errors: ["release_exists", "invalid_signature"],
  }),
  list: endpoint({
    method: "GET",
    path: list,
    scopes: readAccounts,
    id: "aid_releases_get",
    summary: "List releases, newest first",
    tag,
    params: ofAccount,
    query: ReleaseListQuery,
    answers: { 200: ReleaseList },
  }),
  get: endpoint({
    method: "GET",
    path: one,
    resource: release,
    scopes: readAccounts,
    id: "aid_releases_rid_get",
    summary: "One release",
    tag,
    params: ofRelease,
    answers: { 200: Release },
    errors: ["release_not_found"],
  }),
  withdraw: endpoint({
    method: "DELETE",
    path: one,
    resource: release,
    scopes: writeAccounts,
    id: "aid_releases_rid_delete",
    summary: "Withdraw a release: terminals are not offered it any more",
    tag,
    params: ofRelease,
    answers: { 200: Release },
    errors: ["release_not_found"],
  }),
  putFile: endpoint({
    method: "PUT",
    path: `${one}/file`,
    scopes: writeAccounts,
    id: "aid_releases_rid_file_put",
    summary: "Send the file of a release; from then on it is available",
    tag,
    params: ofRelease,
    answers: { 200: Release },
    upload: [fileType],
    errors: ["storage_full", "release_not_found", "release_not_draft", "file_mismatch"],
  }),
  getFile: endpoint({
    method: "GET",
    path: `${one}/file`,
    scopes: readAccounts,
    id: "aid_releases_rid_file_get",
    summary: "The file of a release, or the part of it that Range asks for",
    tag,
    params: ofRelease,
    answers: fileAnswers,
    binary: fileType,
    errors: ["release_not_found", "release_file_not_found", "range_not_satisfiable"],
    requestHeaders: RangeHeaders,
    headers: fileHeaders,
  }),
};

export const releaseKeyEndpoints = {
  create: endpoint({
    method: "POST",
    path: keys,
    scopes: writeAccounts,
    id: "aid_release_keys_post",
    summary: "Register a public key that the account's releases are verified with",
    tag,
    params: ofAccount,
    body: ReleaseKeyCreate,
    answers: { 201: ReleaseKey },
    errors: ["release_key_exists"],
  }),
  list: endpoint({
    method: "GET",
    path: keys,
    scopes: readAccounts,
    id: "aid_release_keys_get",
    summary: "All release keys, newest first, revoked ones too",
    tag,
    params: ofAccount,
    answers: { 200: ReleaseKeyList },
  }),
  revoke: endpoint({
    method: "DELETE",
    path: `${keys}/:key_id`,
    scopes: writeAccounts,
    id: "aid_release_keys_kid_delete",
    summary: "Revoke a release key: what it signed is not offered any more",
    tag,
    params: ofKey,
    answers: { 200: ReleaseKey },
    errors: ["release_key_not_found"],
  }),
};
