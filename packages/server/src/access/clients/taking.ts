import { adminScopes } from "@tillkeeper/contract/scopes";
import { sql } from "kysely";
import type { Db, Tx } from "../../db/db.ts";
import { takingLock } from "../../db/locks.ts";
import { inTenant } from "../../db/walls/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import type { PowerfulCaller } from "../../platform/http/route.ts";
import { type LiveCaller, liveCaller } from "../auth/live-grant.ts";

/** What loses power: a grant by its id, or all grants of the client with this `id`. */
export type Loser = { grantId: string } | { clientRef: string };

/**
 * As `inTenantWithLiveGrant`, for what may take power away. Such transactions of an account come one after the other: of
 * two administrators who remove each other the second finds itself removed. Only the caller's grant and those that lose
 * are held: the account's other clients go on meanwhile, however many there are.
 * Throws `last_admin_client` when the account would be left without a client that may do everything in it.
 */
export function inTenantTaking<T>(
  db: Db,
  caller: PowerfulCaller,
  loser: Loser,
  work: (tx: Tx, live: LiveCaller) => Promise<T>,
): Promise<T> {
  return inTenant(db, caller.accountId, async (tx) => {
    await sql`select pg_advisory_xact_lock(${takingLock}, hashtext(${caller.accountId}))`.execute(tx);
    await holdGrants(tx, caller, loser);
    const live = await liveCaller(tx, caller);
    const before = await hasAdministrator(tx, caller.accountId);
    const result = await work(tx, live);
    if (before && !(await hasAdministrator(tx, caller.accountId))) throw lastAdminClient();
    return result;
  });
}

/** The caller's and those that lose, in one order: the two accounts that a grant concerns may both be at it. */
async function holdGrants(tx: Tx, { accountId, authority }: PowerfulCaller, loser: Loser): Promise<void> {
  const named = [
    ...(authority === "the server itself" ? [] : [authority.grantId]),
    ...("grantId" in loser ? [loser.grantId] : []),
  ];
  await tx
    .selectFrom("client_grants")
    .select("id")
    .where("removed_at", "is", null)
    .where((eb) =>
      eb.or([
        ...named.map((id) => eb("id", "=", id)),
        ...("clientRef" in loser
          ? [eb.and([eb("account_id", "=", accountId), eb("client_ref", "=", loser.clientRef)])]
          : []),
      ]),
    )
    .orderBy("id")
    .forUpdate()
    .execute();
}

/**
 * Whether one of the account's own clients may do everything in it and has a secret to come with. An operator's clients do
 * not count: it may leave at any time, and the account must not be locked by that.
 */
async function hasAdministrator(tx: Tx, accountId: string): Promise<boolean> {
  const row = await tx
    .selectFrom("client_grants as grant")
    .select("grant.id")
    .where("grant.account_id", "=", accountId)
    .where("grant.audience_account_id", "=", accountId)
    .where("grant.removed_at", "is", null)
    .where(sql<boolean>`"grant".scopes @> ${[...adminScopes]}::text[]`)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("client_secrets as secret")
          .select("secret.secret_id")
          .whereRef("secret.account_id", "=", "grant.account_id")
          .whereRef("secret.client_id", "=", "grant.client_id")
          .where("secret.revoked_at", "is", null),
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
