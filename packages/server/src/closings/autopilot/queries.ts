import { type Kysely, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";
import type { Place } from "./decide.ts";

/** Where the autopilot of a store stands, as it was read. */
export interface PlaceRow extends Place {
  accountId: string;
  storeRef: string;
  version: string;
}

const columns = sql`
  store.account_id as "accountId", store.store_ref as "storeRef", store.business_day::text as day, store.asked_at as "askedAt",
  store.until, store.version`;

/** Claims stores that are due, at most `limit`. Other servers leave them alone until `again`. */
export async function claimStores(
  db: Kysely<Tables>,
  { now, again, limit }: { now: Date; again: Date; limit: number },
): Promise<PlaceRow[]> {
  const { rows } = await sql<PlaceRow>`
    with due as (
      select account_id, store_ref from store_autopilot where look_at <= ${now}
      order by look_at limit ${limit} for no key update skip locked
    )
    update store_autopilot as store set look_at = ${again}
    from due where store.account_id = due.account_id and store.store_ref = due.store_ref
    returning ${columns}`.execute(db);
  return rows;
}

/** Where the autopilot of one store stands; undefined for a store that it does not know yet. */
export async function findPlace(
  db: Kysely<Tables>,
  { accountId, storeRef }: { accountId: string; storeRef: string },
): Promise<PlaceRow | undefined> {
  const { rows } = await sql<PlaceRow>`
    select ${columns} from store_autopilot as store
    where store.account_id = ${accountId} and store.store_ref = ${storeRef}`.execute(db);
  return rows[0];
}

/** A place to write. `lookAt` null: the store is not read again until it changes. */
export interface Moved {
  from: PlaceRow;
  to: Place;
  lookAt: Date | null;
}

const moves = batchTable<Moved>({
  store_ref: ["text", ({ from }) => from.storeRef],
  known: ["text", ({ from }) => from.version],
  day: ["text", ({ to }) => to.day],
  asked_at: ["timestamptz", ({ to }) => to.askedAt],
  until: ["timestamptz", ({ to }) => to.until],
  look_at: ["timestamptz", ({ lookAt }) => lookAt],
});

/**
 * Writes new places of stores of an account, and answers the stores that were written: not one that another server, or a change of the
 * store, has moved since it was read.
 */
export async function movePlaces(tx: Kysely<Tables>, accountId: string, batch: readonly Moved[]): Promise<Set<string>> {
  if (batch.length === 0) return new Set();
  const { rows } = await sql<{ store_ref: string }>`
    update store_autopilot as store set
      business_day = move.day::date, asked_at = move.asked_at, until = move.until,
      look_at = coalesce(move.look_at, 'infinity'), version = store.version + 1
    from ${moves.of(batch, "move")}
    where store.account_id = ${accountId} and store.store_ref = move.store_ref and store.version = move.known::bigint
    returning store.store_ref`.execute(tx);
  return new Set(rows.map((row) => row.store_ref));
}
