import { roleScopes } from "@tillkeeper/contract/roles";
import { scopes as allScopes } from "@tillkeeper/contract/scopes";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import {
  type Caller,
  type PowerfulCaller,
  requireWholeAccount,
  type UserAuthority,
} from "../../platform/http/route.ts";
import { commonScopes } from "./common-scopes.ts";
import { grantRemoved, insufficientScope, userRemoved } from "./refusals.ts";

declare const checked: unique symbol;

/**
 * A caller whose grant this transaction has locked and found live. Functions that give power away accept no other
 * caller.
 */
export type LiveCaller = Caller & { readonly [checked]: true };

/**
 * Runs `work` in a transaction of the caller's account that locks the caller's grant. A transaction that ends or
 * narrows the grant comes before or after it. Before: `work` is refused. After: the other one sees what `work` has
 * written. Throws `invalid_token`, `insufficient_scope`.
 */
export function inTenantWithLiveGrant<T>(
  db: Db,
  caller: PowerfulCaller,
  work: (tx: Tx, live: LiveCaller) => Promise<T>,
): Promise<T> {
  return inTenant(db, caller.accountId, async (tx) => work(tx, await liveCaller(tx, caller)));
}

/**
 * Returns the caller with the scopes that its token and its grant both give now, and locks the grant's row until the
 * transaction ends. A client ends together with its grants, so its own row needs no lock. Throws `invalid_token`,
 * `insufficient_scope`.
 */
export async function liveCaller(tx: Tx, { authority, ...caller }: PowerfulCaller): Promise<LiveCaller> {
  requireWholeAccount(caller);
  if (authority === "the server itself") return asLiveCaller({ ...caller, scopes: new Set(allScopes) });
  if ("userId" in authority) return liveUser(tx, caller, authority);
  const granted = await liveGrant(tx, caller, authority.grantId);
  const scopes = new Set(granted.filter((scope) => authority.scopes.has(scope)));
  if (!authority.accepted.some((scope) => scopes.has(scope))) throw insufficientScope(authority.accepted);
  return asLiveCaller({ ...caller, scopes });
}

/** The scopes of a grant for the caller's account as it is now, locked. Throws `invalid_token`. */
async function liveGrant(tx: Tx, { accountId }: Pick<Caller, "accountId">, id: string): Promise<string[]> {
  const grant = await tx
    .selectFrom("client_grants")
    .select("scopes")
    .where("id", "=", id)
    .where("audience_account_id", "=", accountId)
    .where("removed_at", "is", null)
    .forShare()
    .executeTakeFirst();
  if (!grant) throw grantRemoved();
  return grant.scopes;
}

/** Reads a user's role as it is now, and locks it as `inTenantWithLiveGrant` locks a grant. */
async function liveUser(
  tx: Tx,
  caller: Omit<PowerfulCaller, "authority">,
  { userId, accepted, through }: UserAuthority,
): Promise<LiveCaller> {
  const user = await tx
    .selectFrom("account_users")
    .select("role")
    .where("account_id", "=", caller.accountId)
    .where("id", "=", userId)
    .where("accepted_at", "is not", null)
    .where("removed_at", "is", null)
    .forShare()
    .executeTakeFirst();
  if (!user) throw userRemoved();
  const limits = through ? [through.scopes, await liveGrant(tx, caller, through.grantId)] : [];
  const scopes = commonScopes(roleScopes[user.role], ...limits);
  if (!accepted.some((scope) => scopes.has(scope))) throw insufficientScope(accepted);
  return asLiveCaller({ ...caller, scopes });
}

function asLiveCaller(caller: Caller): LiveCaller {
  return caller as LiveCaller;
}
