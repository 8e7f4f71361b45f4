import type { Kysely } from "kysely";
import type { Tx } from "../db/db.ts";
import type { Tables } from "../db/schema.ts";

export type GrantRow = NonNullable<Awaited<ReturnType<typeof findGrant>>>;

function selectGrants(tx: Tx, accountId: string) {
  return tx
    .selectFrom("client_grants as grant")
    .innerJoin("clients as client", (join) =>
      join.onRef("client.account_id", "=", "grant.account_id").onRef("client.client_id", "=", "grant.client_id"),
    )
    .selectAll("grant")
    .select("client.id as client_ref")
    .where("grant.account_id", "=", accountId)
    .where("grant.removed_at", "is", null);
}

export function findGrant(tx: Tx, accountId: string, id: string) {
  return selectGrants(tx, accountId).where("grant.id", "=", id).executeTakeFirst();
}

/** As `findGrant`, and holds it until the transaction ends. */
export function lockGrant(tx: Tx, accountId: string, id: string) {
  return selectGrants(tx, accountId).where("grant.id", "=", id).forUpdate("grant").executeTakeFirst();
}

export interface GrantPage {
  /** The client's `id`. */
  clientRef: string | undefined;
  audienceAccountId: string | undefined;
  /** The grant that the page before ended with. */
  after: string | undefined;
  limit: number;
}

/** Newest first. */
export function listGrants(tx: Tx, accountId: string, { clientRef, audienceAccountId, after, limit }: GrantPage) {
  let query = selectGrants(tx, accountId).orderBy("grant.created_at", "desc").orderBy("grant.id", "desc").limit(limit);
  if (clientRef !== undefined) query = query.where("client.id", "=", clientRef);
  if (audienceAccountId !== undefined) query = query.where("grant.audience_account_id", "=", audienceAccountId);
  if (after !== undefined) {
    query = query.where((eb) =>
      eb(
        eb.refTuple("grant.created_at", "grant.id"),
        "<",
        eb
          .selectFrom("client_grants as last")
          .select(["last.created_at", "last.id"])
          .where("last.account_id", "=", accountId)
          .where("last.id", "=", after)
          .$asTuple("created_at", "id"),
      ),
    );
  }
  return query.execute();
}

/** Whether the account is `own` itself, or one that `own` is operator of. Looks beyond the tenant, at this alone. */
export async function isOwnOrOperated(db: Kysely<Tables>, own: string, accountId: string): Promise<boolean> {
  const found = await db
    .selectFrom("accounts")
    .select("account_id")
    .where("account_id", "=", accountId)
    .where((eb) => eb.or([eb("account_id", "=", own), eb("operator_account_id", "=", own)]))
    .executeTakeFirst();
  return found !== undefined;
}
