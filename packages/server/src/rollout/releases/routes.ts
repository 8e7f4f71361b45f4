import { Readable } from "node:stream";
import { releaseKeyEndpoints as releaseKeys, releaseEndpoints as releases } from "@tillkeeper/contract/http/releases";
import { bind, type Route } from "../../platform/http/route.ts";
import { fileAnswer, putFile } from "./files.ts";
import { addKey, getKeys, revokeKey } from "./keys.ts";
import { addRelease, getRelease, getReleases, type ReleaseDeps, withdrawRelease } from "./releases.ts";

export function releaseRoutes(deps: ReleaseDeps): Route[] {
  return [
    bind(releases.create, ({ caller, body }) => addRelease(deps, caller, body)),
    bind(releases.list, ({ caller, query }) => getReleases(deps, caller.accountId, query)),
    bind(releases.get, ({ caller, params }) => getRelease(deps, caller.accountId, params.release_id)),
    bind(releases.withdraw, ({ caller, params }) => withdrawRelease(deps, caller, params.release_id)),
    bind(releases.putFile, async ({ caller, params, request }) => {
      const length = request.headers["content-length"];
      const upload = {
        id: params.release_id,
        content: request.body instanceof Readable ? request.body : Readable.from([]),
        length: length === undefined ? undefined : Number(length),
      };
      return putFile(deps, caller, upload);
    }),
    bind(releases.getFile, async ({ caller, params, request }) => {
      const release = await getRelease(deps, caller.accountId, params.release_id);
      return fileAnswer(deps.files, caller.accountId, release, request.headers);
    }),
    bind(releaseKeys.create, ({ caller, body }) => addKey(deps, caller, body), { givesPower: true }),
    bind(releaseKeys.list, async ({ caller }) => ({ release_keys: await getKeys(deps, caller.accountId) })),
    bind(releaseKeys.revoke, ({ caller, params }) => revokeKey(deps, caller, params.key_id), { givesPower: true }),
  ];
}
