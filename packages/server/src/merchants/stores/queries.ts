import type { StoreStatus } from "@tillkeeper/contract/http/stores";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import { type Kysely, type Selectable, sql } from "kysely";
import { prepared } from "../../db/prepared.ts";
import type { Tables } from "../../db/tables/schema.ts";

/** A store, with the columns of its payout destination that answers show. */
export type StoreRow = Selectable<Tables["stores"]> & {
  destination_status: string | null;
  destination_type: string | null;
  merchant_category_code: string | null;
};

/** Selects the account's stores with their payout destinations; callers narrow and order it. */
export function selectStores(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom("stores")
    .leftJoin("payout_destinations as destination", (join) =>
      join
        .onRef("destination.account_id", "=", "stores.account_id")
        .onRef("destination.payout_destination_id", "=", "stores.payout_destination_id"),
    )
    .selectAll("stores")
    .select([
      "destination.case_status as destination_status",
      "destination.type as destination_type",
      "destination.merchant_category_code as merchant_category_code",
    ])
    .where("stores.account_id", "=", accountId);
}

/**
 * Finds a store by the caller's id or the generated one (D1). Prefers a live store, then the caller's id, then the
 * newest.
 */
export function findStore(db: Kysely<Tables>, accountId: string, storeId: string): Promise<StoreRow | undefined> {
  return selectStores(db, accountId)
    .where((eb) => eb.or([eb("stores.store_id", "=", storeId), eb("stores.id", "=", storeId)]))
    .orderBy((eb) => eb("stores.status", "=", "DELETED"))
    .orderBy((eb) => eb("stores.store_id", "=", storeId), "desc")
    .orderBy("stores.number", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** What says when a store's business days begin, with the default time zone of its account. */
export type StoreDaysRow = Pick<
  StoreRow,
  "id" | "store_id" | "store_name" | "status" | "address" | "organization" | "configuration"
> & { account_time_zone: string | null };

export interface WantedStores {
  /** One store by the caller's id or the generated one, or several by their generated ids. */
  by: { storeId: string } | { ids: readonly string[] };
  includeDeleted: boolean;
}

/** In the order of their numbers; of one store by either id as `findStore` finds it. */
export function storesWithDays(
  db: Kysely<Tables>,
  accountId: string,
  { by, includeDeleted }: WantedStores,
): Promise<StoreDaysRow[]> {
  const stores = db
    .selectFrom("stores")
    .innerJoin("accounts", "accounts.account_id", "stores.account_id")
    .select(["id", "store_id", "store_name", "stores.status", "address", "organization", "configuration"])
    .select("accounts.time_zone as account_time_zone")
    .where("stores.account_id", "=", accountId)
    .$if(!includeDeleted, (query) => query.where("stores.status", "<>", "DELETED"));
  if ("ids" in by) {
    return stores.where(sql<boolean>`stores.id = any(${by.ids}::text[])`).orderBy("stores.number").execute();
  }
  const { storeId } = by;
  return stores
    .where((eb) => eb.or([eb("stores.store_id", "=", storeId), eb("stores.id", "=", storeId)]))
    .orderBy((eb) => eb("stores.status", "=", "DELETED"))
    .orderBy((eb) => eb("stores.store_id", "=", storeId), "desc")
    .orderBy("stores.number", "desc")
    .limit(1)
    .execute();
}

/** Live stores by the caller's ids; those that do not exist are left out. Each is looked up, whatever statistics say of the table. */
export async function liveStoresWithDays(
  db: Kysely<Tables>,
  accountId: string,
  storeIds: readonly string[],
): Promise<StoreDaysRow[]> {
  const { rows } = await sql<StoreDaysRow>`${prepared("live_stores_with_days")}
    select store.id, store.store_id, store.store_name, store.status, store.address, store.organization, store.configuration,
      accounts.time_zone as account_time_zone
    from accounts
    cross join unnest(${storeIds}::text[]) as wanted (id)
    cross join lateral (
      select * from stores as own
      where own.account_id = accounts.account_id and own.store_id = wanted.id and own.status <> 'DELETED' limit 1
    ) as store
    where accounts.account_id = ${accountId}`.execute(db);
  return rows;
}

/** Finds a store by its generated id, which is never reused. */
export function getStoreRow(db: Kysely<Tables>, accountId: string, id: string): Promise<StoreRow> {
  return selectStores(db, accountId).where("stores.id", "=", id).executeTakeFirstOrThrow();
}

/** The live terminals of one store, in the order they were registered. */
export function terminalsOfStore(db: Kysely<Tables>, accountId: string, id: string) {
  return db
    .selectFrom("terminals")
    .select(["terminal_id", "device_serial_number", "status"])
    .where("account_id", "=", accountId)
    .where("store_ref", "=", id)
    .where("status", "<>", "DELETED")
    .orderBy("number")
    .execute();
}

/** Numbers of live terminals, by store and status. */
export function countTerminals(
  db: Kysely<Tables>,
  accountId: string,
  ids: readonly string[],
): Promise<{ store_ref: string; status: TerminalStatus; count: number }[]> {
  return db
    .selectFrom("terminals")
    .select(["store_ref", "status", sql<number>`count(*)::integer`.as("count")])
    .where("account_id", "=", accountId)
    .where(sql<boolean>`store_ref = any(${ids}::text[])`)
    .where("status", "<>", "DELETED")
    .groupBy(["store_ref", "status"])
    .execute();
}

export interface StorePage {
  /** The page begins below the store with this number. */
  below: number | undefined;
  limit: number;
  statuses: readonly StoreStatus[];
  payoutDestinationIds: readonly string[] | undefined;
  /** A LIKE pattern; its case does not matter. */
  pattern: string | undefined;
}

const aboveAllNumbers = 2_147_483_647;

/** Newest first. */
export async function listStores(db: Kysely<Tables>, accountId: string, page: StorePage): Promise<StoreRow[]> {
  const numbers = page.pattern === undefined ? newest(accountId, page) : matching(accountId, page, page.pattern);
  const { rows } = await numbers.execute(db);
  if (rows.length === 0) return [];
  return selectStores(db, accountId)
    .where(
      "stores.number",
      "in",
      rows.map((row) => row.number),
    )
    .orderBy("stores.number", "desc")
    .execute();
}

/** The live stores of an account, the oldest first, at most so many. */
export function storesByNumber(db: Kysely<Tables>, accountId: string, limit: number): Promise<StoreRow[]> {
  return selectStores(db, accountId)
    .where("stores.status", "<>", "DELETED")
    .orderBy("stores.number")
    .limit(limit)
    .execute();
}

/** Reads the newest stores of each wanted status and destination by an index, and merges them. */
function newest(accountId: string, { below, limit, statuses, payoutDestinationIds }: StorePage) {
  const destinations =
    payoutDestinationIds && sql`cross join unnest(${payoutDestinationIds}::text[]) as destination (id)`;
  const ofDestination = payoutDestinationIds && sql`and payout_destination_id = destination.id`;
  return sql<{ number: number }>`
    select page.number
    from unnest(${statuses}::text[]) as wanted (status) ${destinations ?? sql``}
    cross join lateral (
      select number from stores
      where account_id = ${accountId} and status = wanted.status and number < ${below ?? aboveAllNumbers}
        ${ofDestination ?? sql``}
      order by number desc
      limit ${limit}
    ) as page
    order by page.number desc
    limit ${limit}`;
}

function matching(accountId: string, { below, limit, statuses, payoutDestinationIds }: StorePage, pattern: string) {
  return sql<{ number: number }>`
    select number from tillkeeper_search_stores(
      ${accountId}, ${pattern}, ${statuses}::text[], ${payoutDestinationIds ?? null}::text[],
      ${below ?? aboveAllNumbers}::int, ${limit}::int
    ) as number`;
}

/** The time zone that an account has by default. */
export async function accountTimeZone(db: Kysely<Tables>, accountId: string): Promise<string | null> {
  const row = await db
    .selectFrom("accounts")
    .select("time_zone")
    .where("account_id", "=", accountId)
    .executeTakeFirstOrThrow();
  return row.time_zone;
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
