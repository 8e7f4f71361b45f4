import { scopes as allScopes } from "@tillkeeper/contract/scopes";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/walls/tenant.ts";
import type { Caller, PowerfulCaller } from "../../platform/http/route.ts";
import { grantRemoved, insufficientScope } from "./refusals.ts";

declare const checked: unique symbol;

/** A caller whose grant is held live by the transaction at hand. What gives power away takes no other. */
export type LiveCaller = Caller & { readonly [checked]: true };

/**
 * Runs `work` in a transaction of the caller's account that holds the caller's grant: who ends or narrows the grant comes
 * before this transaction, and then it is refused, or after it, and then sees what it made. Throws `invalid_token`,
 * `insufficient_scope`.
 */
export function inTenantWithLiveGrant<T>(
  db: Db,
  caller: PowerfulCaller,
  work: (tx: Tx, live: LiveCaller) => Promise<T>,
): Promise<T> {
  return inTenant(db, caller.accountId, async (tx) => work(tx, await liveCaller(tx, caller)));
}

/**
 * The caller with what its token and its grant both give at this moment. The grant's row stays as it is until the
 * transaction ends. A client ends together with its grants, so the client's own row need not be held.
 */
export async function liveCaller(tx: Tx, { authority, ...caller }: PowerfulCaller): Promise<LiveCaller> {
  if (authority === "the server itself") return live({ ...caller, scopes: new Set(allScopes) });
  const grant = await tx
    .selectFrom("client_grants")
    .select("scopes")
    .where("id", "=", authority.grantId)
    .where("audience_account_id", "=", caller.accountId)
    .where("removed_at", "is", null)
    .forShare()
    .executeTakeFirst();
  if (!grant) throw grantRemoved();
  const scopes = new Set(grant.scopes.filter((scope) => authority.scopes.has(scope)));
  if (!authority.accepted.some((scope) => scopes.has(scope))) throw insufficientScope(authority.accepted);
  return live({ ...caller, scopes });
}

function live(caller: Caller): LiveCaller {
  return caller as LiveCaller;
}
