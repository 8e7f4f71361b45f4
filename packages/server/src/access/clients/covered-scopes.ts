import { scopes as allScopes, coversScope } from "@tillkeeper/contract/scopes";
import { ApiError } from "../../platform/errors.ts";
import type { LiveCaller } from "../auth/live-grant.ts";

const known = new Set<string>(allScopes);

/**
 * A caller gives no more than it has, and takes away no more than that either. Scopes that mean nothing to this server
 * give nothing. Throws `scope_not_held`; `place` says where in the request a scope stands.
 */
export function requireCovered(
  caller: LiveCaller,
  scopes: readonly string[],
  place?: (scope: string) => string | undefined,
): void {
  const missing = scopes.filter((scope) => known.has(scope) && !coversScope(caller.scopes, scope));
  if (missing.length === 0) return;
  throw new ApiError(
    "scope_not_held",
    `The token does not cover ${missing.join(", ")}, so it can neither give that nor take it away.`,
    {
      errors: missing.flatMap((scope) => {
        const path = place?.(scope);
        return path === undefined ? [] : [{ path, message: "is not covered by the token's own scopes" }];
      }),
    },
  );
}
