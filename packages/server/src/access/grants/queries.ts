import type { Kysely } from "kysely";
import type { Tx } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";

export type GrantRow = NonNullable<Awaited<ReturnType<typeof findGrant>>>;

/** Grants of the account's own clients, and grants that its operator's clients hold in it. */
function selectGrants(tx: Tx, accountId: string) {
  return tx
    .selectFrom("client_grants as grant")
    .selectAll("grant")
    .where((eb) => eb.or([eb("grant.account_id", "=", accountId), eb("grant.audience_account_id", "=", accountId)]))
    .where("grant.removed_at", "is", null);
}

export function findGrant(tx: Tx, accountId: string, id: string) {
  return selectGrants(tx, accountId).where("grant.id", "=", id).executeTakeFirst();
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
  if (clientRef !== undefined) query = query.where("grant.client_ref", "=", clientRef);
  if (audienceAccountId !== undefined) query = query.where("grant.audience_account_id", "=", audienceAccountId);
  if (after !== undefined) {
    query = query.where((eb) =>
      eb(
        eb.refTuple("grant.created_at", "grant.id"),
        "<",
        eb
          .selectFrom("client_grants as last")
          .select(["last.created_at", "last.id"])
          .where((last) =>
            last.or([last("last.account_id", "=", accountId), last("last.audience_account_id", "=", accountId)]),
          )
          .where("last.id", "=", after)
          .$asTuple("created_at", "id"),
      ),
    );
  }
  return query.execute();
}

/** Whether `accountId` is `own` itself, or an account that `own` operates. The only fact that is read beyond the tenant. */
export async function isOwnOrOperated(db: Kysely<Tables>, own: string, accountId: string): Promise<boolean> {
  const found = await db
    .selectFrom("accounts")
    .select("account_id")
    .where("account_id", "=", accountId)
    .where((eb) => eb.or([eb("account_id", "=", own), eb("operator_account_id", "=", own)]))
    .executeTakeFirst();
  return found !== undefined;
}
