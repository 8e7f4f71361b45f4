import { usableGrantTypes } from "@tillkeeper/contract/http/client-grants";
import { adminScopes } from "@tillkeeper/contract/scopes";
import { sql } from "kysely";
import type { Db, Tx } from "../../db/db.ts";
import { revocationLock } from "../../db/locks.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import type { PowerfulCaller } from "../../platform/http/route.ts";
import { type LiveCaller, liveCaller } from "../auth/live-grant.ts";

/** A grant to revoke, or a client whose grants are all revoked. */
export type Revocation = { grantId: string } | { clientRef: string };

/**
 * As `inTenantWithLiveGrant`, for changes that may revoke grants or scopes. Such transactions of one account run one
 * after the other: of two administrators who remove each other the second finds itself removed. Only the caller's grant
 * and the revoked grants are locked, so the account's other clients continue meanwhile. Throws `last_admin_client` when
 * no client with every scope would be left in the account.
 */
export function inTenantRevoking<T>(
  db: Db,
  caller: PowerfulCaller,
  revocation: Revocation,
  work: (tx: Tx, live: LiveCaller) => Promise<T>,
): Promise<T> {
  return inTenant(db, caller.accountId, async (tx) => {
    await sql`select pg_advisory_xact_lock(${revocationLock}, hashtext(${caller.accountId}))`.execute(tx);
    await lockGrants(tx, caller, revocation);
    const live = await liveCaller(tx, caller);
    const before = await hasAdministrator(tx, caller.accountId);
    const result = await work(tx, live);
    if (before && !(await hasAdministrator(tx, caller.accountId))) throw lastAdminClient();
    return result;
  });
}

/**
 * Locks the caller's grant and the revoked grants, ordered by id: both accounts of a grant may revoke it at once, and
 * must not deadlock.
 */
async function lockGrants(tx: Tx, { accountId, authority }: PowerfulCaller, revocation: Revocation): Promise<void> {
  const named = [...grantsOf(authority), ...("grantId" in revocation ? [revocation.grantId] : [])];
  await tx
    .selectFrom("client_grants")
    .select("id")
    .where("removed_at", "is", null)
    .where((eb) =>
      eb.or([
        ...named.map((id) => eb("id", "=", id)),
        ...("clientRef" in revocation
          ? [eb.and([eb("account_id", "=", accountId), eb("client_ref", "=", revocation.clientRef)])]
          : []),
      ]),
    )
    .orderBy("id")
    .forUpdate()
    .execute();
}

function grantsOf(authority: PowerfulCaller["authority"]): string[] {
  if (typeof authority !== "object") return [];
  if ("grantId" in authority) return [authority.grantId];
  return authority.through ? [authority.through.grantId] : [];
}

/**
 * Whether a client of the account itself holds every scope in it and has a valid secret. An operator's clients do not
 * count: the operator may leave at any time, and the account must not be locked out then.
 */
async function hasAdministrator(tx: Tx, accountId: string): Promise<boolean> {
  const row = await tx
    .selectFrom("client_grants as grant")
    .select("grant.id")
    .where("grant.account_id", "=", accountId)
    .where("grant.audience_account_id", "=", accountId)
    .where("grant.removed_at", "is", null)
    .where("grant.type", "in", usableGrantTypes)
    .where(sql<boolean>`"grant".scopes @> ${[...adminScopes]}::text[]`)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("client_secrets as secret")
          .select("secret.secret_id")
          .whereRef("secret.account_id", "=", "grant.account_id")
          .whereRef("secret.client_id", "=", "grant.client_id")
          .where("secret.revoked_at", "is", null)
          // A secret that a rotation has replaced ends by itself.
          .where("secret.expires_at", "is", null),
      ),
    )
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function lastAdminClient(): ApiError {
  return new ApiError(
    "last_admin_client",
    `The account would have no client left that holds ${adminScopes.join(" and ")} and has a secret. ` +
      "Make another one first.",
  );
}
