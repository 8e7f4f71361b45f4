import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import type { Kysely, Selectable } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import type { Tables } from "../db/schema.ts";

/** A store with what its answers show beside its own columns. */
export type StoreRow = Selectable<Tables["stores"]> & {
  destination_status: string | null;
  destination_type: string | null;
  merchant_category_code: string | null;
  terminals: { terminal_id: string; device_serial_number: string; status: TerminalStatus }[];
};

function selectStores(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom("stores")
    .leftJoin("payout_destinations as destination", (join) =>
      join
        .onRef("destination.account_id", "=", "stores.account_id")
        .onRef("destination.payout_destination_id", "=", "stores.payout_destination_id"),
    )
    .selectAll("stores")
    .select((eb) => [
      "destination.case_status as destination_status",
      "destination.type as destination_type",
      "destination.merchant_category_code as merchant_category_code",
      jsonArrayFrom(
        eb
          .selectFrom("terminals")
          .select(["terminals.terminal_id", "terminals.device_serial_number", "terminals.status"])
          .whereRef("terminals.account_id", "=", "stores.account_id")
          .whereRef("terminals.store_ref", "=", "stores.id")
          .where("terminals.status", "<>", "DELETED")
          .orderBy("terminals.number"),
      ).as("terminals"),
    ])
    .where("stores.account_id", "=", accountId);
}

/**
 * By the caller's id or the generated one (D1). A live store comes before a deleted one, the caller's id before the
 * generated one, the newest first.
 */
export async function findStore(db: Kysely<Tables>, accountId: string, storeId: string): Promise<StoreRow | undefined> {
  const rows = await selectStores(db, accountId)
    .where((eb) => eb.or([eb("stores.store_id", "=", storeId), eb("stores.id", "=", storeId)]))
    .orderBy("stores.number", "desc")
    .execute();
  const rank = (row: StoreRow) => (row.status === "DELETED" ? 2 : 0) + (row.store_id === storeId ? 0 : 1);
  return rows.toSorted((a, b) => rank(a) - rank(b))[0];
}

/** Newest first, at most `limit` rows below the store with number `below`. */
export function listStores(
  db: Kysely<Tables>,
  accountId: string,
  { below, limit, includeDeleted }: { below: number | undefined; limit: number; includeDeleted: boolean },
): Promise<StoreRow[]> {
  let query = selectStores(db, accountId).orderBy("stores.number", "desc").limit(limit);
  if (below !== undefined) query = query.where("stores.number", "<", below);
  if (!includeDeleted) query = query.where("stores.status", "<>", "DELETED");
  return query.execute();
}

/** The next number of this account's stores. Locks the account's row until the transaction ends. */
export async function nextStoreNumber(db: Kysely<Tables>, accountId: string): Promise<number> {
  const row = await db
    .updateTable("accounts")
    .set((eb) => ({ last_store_number: eb("last_store_number", "+", 1) }))
    .where("account_id", "=", accountId)
    .returning("last_store_number")
    .executeTakeFirstOrThrow();
  return row.last_store_number;
}
