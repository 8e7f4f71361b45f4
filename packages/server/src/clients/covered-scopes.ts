import { coversScope } from "@tillkeeper/contract/scopes";
import { ApiError } from "../platform/errors.ts";
import type { Caller } from "../platform/http/route.ts";

/** Nobody can give away more than they have. Throws `scope_not_held`; `place` says where in the request a scope stands. */
export function requireCovered(
  caller: Caller,
  scopes: readonly string[],
  place?: (scope: string) => string | undefined,
): void {
  const missing = scopes.filter((scope) => !coversScope(caller.scopes, scope));
  if (missing.length === 0) return;
  throw new ApiError("scope_not_held", `The token does not cover ${missing.join(", ")}, so it cannot give that away.`, {
    errors: missing.flatMap((scope) => {
      const path = place?.(scope);
      return path === undefined ? [] : [{ path, message: "is not covered by the token's own scopes" }];
    }),
  });
}
