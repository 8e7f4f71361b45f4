import { type Kysely, type Selectable, sql } from "kysely";
import { batchTable } from "../db/batch-table.ts";
import type { Tables } from "../db/tables/schema.ts";
import { closingsOfStore, factsOfAccount } from "./sql/facts.ts";
import type { Facts } from "./standing/facts.ts";

/** Names a closing. */
export interface ClosingKey {
  accountId: string;
  id: string;
}

/** A closing as it is kept. */
export type ClosingRecord = Omit<Selectable<Tables["closings"]>, "business_day" | "report_at" | "told"> & {
  business_day: string;
};

/** A closing with the `store_id` that its store has now. */
export type ClosingRow = ClosingRecord & { store_id: string };

/** The columns of a `ClosingRecord`, over the table `closing`. */
export const closingColumns = sql`
  closing.account_id, closing.id, closing.store_ref, closing.business_day::text as business_day, closing.day_starts_at,
  closing.day_ends_at, closing.time_zone, closing.created_at, closing.created_by, closing.asked_at, closing.asked_by,
  closing.retry_until, closing.when_busy, closing.expected, closing.look_at, closing.ended_at, closing.cancelled_at,
  closing.cancelled_by`;
// The store is looked up for each row, also before statistics are there: joined, all stores of the account are read for a page.
const storeOfClosing = sql`
  cross join lateral (
    select own.store_id from stores as own where own.account_id = closing.account_id and own.id = closing.store_ref limit 1
  ) as stores`;
const closingWithStore = sql`closings as closing ${storeOfClosing}`;

/** Finds a closing of a store. */
export async function findClosing(
  db: Kysely<Tables>,
  { accountId, id }: ClosingKey,
  storeRef: string,
): Promise<ClosingRow | undefined> {
  const { rows } = await sql<ClosingRow>`
    select ${closingColumns}, stores.store_id from ${closingWithStore}
    where closing.account_id = ${accountId} and closing.id = ${id} and closing.store_ref = ${storeRef}`.execute(db);
  return rows[0];
}

/** Finds closings by their ids. */
export async function findClosings(
  db: Kysely<Tables>,
  accountId: string,
  ids: readonly string[],
): Promise<ClosingRow[]> {
  const { rows } = await sql<ClosingRow>`
    select ${closingColumns}, stores.store_id from ${closingWithStore}
    where closing.account_id = ${accountId} and closing.id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

/** A store, and a date. */
export interface DayOfStore {
  accountId: string;
  storeRef: string;
  day: string;
}

export const daysOfStores = batchTable<DayOfStore>({
  account_id: ["text", (row) => row.accountId],
  store_ref: ["text", (row) => row.storeRef],
  day: ["text", (row) => row.day],
});

/** Finds the closing of a business day. */
export async function findClosingOfDay(
  db: Kysely<Tables>,
  { accountId, storeRef, day }: DayOfStore,
): Promise<ClosingRow | undefined> {
  const { rows } = await sql<ClosingRow>`
    select ${closingColumns}, stores.store_id from ${closingWithStore}
    where closing.account_id = ${accountId} and closing.store_ref = ${storeRef} and closing.business_day = ${day}::date`.execute(
    db,
  );
  return rows[0];
}

const askedDay = "asked.day::date";
const ofDay = closingsOfStore("asked.account_id", "asked.store_ref", { first: askedDay, last: askedDay, most: 1 });

/** The closings of business days of an account's stores, each of which may come once. */
export async function findClosingsOfDays(
  db: Kysely<Tables>,
  accountId: string,
  days: readonly Omit<DayOfStore, "accountId">[],
): Promise<ClosingRow[]> {
  if (days.length === 0) return [];
  const asked = days.map((day) => ({ accountId, ...day }));
  const { rows } = await sql<ClosingRow>`
    select ${closingColumns}, stores.store_id from ${daysOfStores.of(asked, "asked")}
    cross join lateral (select * from closings where ${sql.raw(ofDay)}) as closing ${storeOfClosing}`.execute(db);
  return rows;
}

/** The terminals that were closed, or are being closed, in a store in that time and do not belong to it any more. */
export async function findGone(
  db: Kysely<Tables>,
  { accountId, storeRef, startsAt, endsAt }: { accountId: string; storeRef: string; startsAt: Date; endsAt: Date },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct operations.terminal_id as id
    from operations
    join terminals on terminals.account_id = operations.account_id and terminals.terminal_id = operations.terminal_id
    where operations.account_id = ${accountId} and operations.store_ref = ${storeRef} and operations.operation = 'end_of_day'
      and operations.id >= tillkeeper_lowest_id(${startsAt}) and operations.id < tillkeeper_lowest_id(${endsAt})
      and (operations.status in ('PENDING', 'COMPLETED') or operations.late_result is not null)
      and (terminals.store_ref <> ${storeRef} or terminals.status = 'DELETED')`.execute(db);
  return rows.map(({ id }) => id);
}

/** As `findClosingOfDay`, and locks the closing until the transaction ends. */
export async function lockClosing(db: Kysely<Tables>, key: DayOfStore): Promise<ClosingRow | undefined> {
  await sql`
    select from closings
    where account_id = ${key.accountId} and store_ref = ${key.storeRef} and business_day = ${key.day}::date
    for no key update`.execute(db);
  return findClosingOfDay(db, key);
}

/** What a list of closings is narrowed to. */
export interface ClosingFilter {
  storeRef?: string | undefined;
  day?: string | undefined;
  below?: string | undefined;
  limit: number;
}

/**
 * Makes a transaction read a page by an index that has its order. While statistics call the table small, all closings of the account would
 * be read and sorted for each page.
 */
const inOrderOfIndexes = sql.raw(
  "set local enable_sort = off; set local enable_seqscan = off; set local enable_bitmapscan = off",
);

/** Newest first: ids are ordered by time. */
export async function listClosings(
  db: Kysely<Tables>,
  accountId: string,
  { storeRef, day, below, limit }: ClosingFilter,
): Promise<ClosingRow[]> {
  const conditions = [
    sql`closing.account_id = ${accountId}`,
    ...(storeRef === undefined ? [] : [sql`closing.store_ref = ${storeRef}`]),
    ...(day === undefined ? [] : [sql`closing.business_day = ${day}::date`]),
    ...(below === undefined ? [] : [sql`closing.id < ${below}`]),
  ];
  await inOrderOfIndexes.execute(db);
  const { rows } = await sql<ClosingRow>`
    with page as materialized (
      select * from closings as closing
      where ${sql.join(conditions, sql` and `)}
      order by closing.id desc
      limit ${limit}
    )
    select ${closingColumns}, stores.store_id from page as closing ${storeOfClosing}
    order by closing.id desc`.execute(db);
  return rows;
}

/** The facts of all terminals of these closings of an account, for its requests. */
export async function readFacts(db: Kysely<Tables>, accountId: string, ids: readonly string[]): Promise<Facts[]> {
  return ids.length === 0 ? [] : (await factsOfAccount(accountId, ids).execute(db)).rows;
}

/** Claims closings that are due, at most `limit`. Other servers leave them alone until `again`. */
export async function claimDue(
  db: Kysely<Tables>,
  { now, again, limit }: { now: Date; again: Date; limit: number },
): Promise<ClosingKey[]> {
  const { rows } = await sql<ClosingKey>`
    with due as (
      select account_id, id from closings where look_at <= ${now} order by look_at limit ${limit} for no key update skip locked
    )
    update closings as closing set look_at = ${again}
    from due where closing.account_id = due.account_id and closing.id = due.id
    returning closing.account_id as "accountId", closing.id`.execute(db);
  return rows;
}

/** Forgets idempotency keys of requests before that time; answers how many, at most `limit`. */
export async function forgetRequests(db: Kysely<Tables>, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from closing_requests as request using (
      select account_id, client_id, request_key from closing_requests where created_at < ${before}
      order by created_at limit ${limit} for update skip locked
    ) as old
    where request.account_id = old.account_id and request.client_id = old.client_id and request.request_key = old.request_key`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0n);
}

/** Deletes closings of days that began before that time, at most `limit`; answers how many. */
export async function deleteClosings(db: Kysely<Tables>, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from closings as closing using (
      select account_id, id from closings where day_starts_at < ${before}
      order by day_starts_at limit ${limit} for update skip locked
    ) as old
    where closing.account_id = old.account_id and closing.id = old.id`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

/**
 * Takes the turn to take notice of events, with the place of the last one that closings know; `take` answers the place that they know after
 * it. One server has the turn at a time; answers undefined while it is another's. The turn of a server that dies ends with its connection, and
 * the place stays as it was.
 */
export async function inNewsTurn<Result>(
  db: Kysely<Tables>,
  take: (known: number) => Promise<{ place: number; result: Result }>,
): Promise<Result | undefined> {
  return db.transaction().execute(async (tx) => {
    const turn = await tx.selectFrom("closing_news").select("place").forUpdate().skipLocked().executeTakeFirst();
    if (!turn) {
      // Another server has the turn, or this is the first one ever.
      await sql`insert into closing_news (place) values (0) on conflict do nothing`.execute(tx);
      return undefined;
    }
    // What is done in the turn goes over other connections, and may take longer than a transaction may usually be idle. A server
    // that stalls in its turn loses it after that.
    await sql`set local idle_in_transaction_session_timeout = '60s'`.execute(tx);
    const { place, result } = await take(Number(turn.place));
    await tx
      .updateTable("closing_news")
      .set({ place: String(place) })
      .execute();
    return result;
  });
}
