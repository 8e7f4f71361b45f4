import { sql } from "kysely";
import type { Db } from "../../db/db.ts";
import { inTurn } from "../../db/turns.ts";
import type { LinkedCounts } from "./present.ts";
import { type DestinationStoreRow, destinationStore } from "./queries.ts";

/**
 * An operator's destinations and the stores of the accounts it owns (D6). A link joins rows of two accounts, and inside
 * `inTenant` there is only one; so these statements run outside of it, and each filters by the operator and by what the
 * operator owns at that moment.
 */
function liveLinks(db: Db, operatorAccountId: string) {
  return db.sql
    .selectFrom("operator_destination_stores as link")
    .innerJoin("accounts", (join) =>
      join
        .onRef("accounts.account_id", "=", "link.account_id")
        .onRef("accounts.operator_account_id", "=", "link.operator_account_id"),
    )
    .innerJoin("stores", (join) =>
      join
        .onRef("stores.account_id", "=", "link.account_id")
        .onRef("stores.id", "=", "link.store_ref")
        .on("stores.status", "<>", "DELETED"),
    )
    .where("link.operator_account_id", "=", operatorAccountId);
}

const none: LinkedCounts = { stores: 0, terminals: 0 };

/** How many stores and terminals of owned accounts each of these destinations has. */
export async function linkedCounts(
  db: Db,
  operatorAccountId: string,
  ids: readonly string[],
): Promise<(id: string) => LinkedCounts> {
  if (ids.length === 0) return () => none;
  const counting = liveLinks(db, operatorAccountId)
    .leftJoin("terminals", (join) =>
      join
        .onRef("terminals.account_id", "=", "stores.account_id")
        .onRef("terminals.store_ref", "=", "stores.id")
        .on("terminals.status", "<>", "DELETED"),
    )
    .select([
      "link.payout_destination_id",
      sql<number>`count(distinct (stores.account_id, stores.id))::int`.as("stores"),
      sql<number>`count(terminals.terminal_id)::int`.as("terminals"),
    ])
    .where("link.payout_destination_id", "in", ids)
    .groupBy("link.payout_destination_id");
  const rows = await inTurn(db, operatorAccountId, () => counting.execute());
  const counts = new Map(rows.map(({ payout_destination_id, ...count }) => [payout_destination_id, count]));
  return (id) => counts.get(id) ?? none;
}

/** In the order they were linked, the latest first. */
export function linkedStores(
  db: Db,
  operatorAccountId: string,
  id: string,
  limit: number,
): Promise<DestinationStoreRow[]> {
  const latest = liveLinks(db, operatorAccountId)
    .select(destinationStore)
    .where("link.payout_destination_id", "=", id)
    .orderBy("link.created_at", "desc")
    .orderBy("stores.id")
    .limit(limit);
  return inTurn(db, operatorAccountId, () => latest.execute());
}
