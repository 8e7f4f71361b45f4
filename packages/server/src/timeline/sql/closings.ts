import { type RawBuilder, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Wanted } from "../source.ts";
import { type Bound, boundsOf } from "../window.ts";
import { type BoundPlace, noId, orderOf, placesById, placesByTimeAndId, placesWithin } from "./bounds.ts";

export interface ClosingRow {
  id: string;
  store_ref: string;
  /** YYYY-MM-DD. */
  business_day: string;
  created_at: Date;
  created_by: string;
  ended_at: Date | null;
  cancelled_at: Date | null;
  cancelled_by: string | null;
}

const columns = sql`
  fact.id, fact.store_ref, fact.business_day::text as business_day, fact.created_at, fact.created_by, fact.ended_at,
  fact.cancelled_at, fact.cancelled_by`;

/** Closings of the stores, in the order in which they were made. */
export async function readClosings(wanted: Wanted): Promise<ClosingRow[]> {
  const { tx, subject, limit } = wanted;
  const within = placesWithin(wanted, subject.stores, "closing");
  if (within.length === 0) return [];
  const order = orderOf(wanted);
  const { rows } = await sql<ClosingRow>`
    select ${columns} from ${placesById.of(within, "place")}
    cross join lateral (
      select * from closings as fact
      where fact.account_id = ${subject.accountId} and fact.store_ref = place.id
        and fact.id > place.above and fact.id < place.below
      order by fact.id ${order} limit ${limit}
    ) as fact
    order by fact.id ${order} limit ${limit}`.execute(tx);
  return rows;
}

const ends = { closing_end: "ended_at", closing_cancel: "cancelled_at" } as const;

/** Closings of the stores that ended or were cancelled, in the order of that. */
export async function readEndsOfClosings(wanted: Wanted, source: keyof typeof ends): Promise<ClosingRow[]> {
  const { tx, subject, limit } = wanted;
  const within = placesWithin(wanted, subject.stores, source);
  if (within.length === 0) return [];
  const at = sql.raw(`fact.${ends[source]}`);
  const order = orderOf(wanted);
  const { rows } = await sql<ClosingRow>`
    select ${columns} from ${placesByTimeAndId.of(within, "place")}
    cross join lateral (
      select * from closings as fact
      where fact.account_id = ${subject.accountId} and fact.store_ref = place.id and ${at} is not null
        and (${at}, fact.id) > (place.above_at, place.above_id) and (${at}, fact.id) < (place.below_at, place.below_id)
      order by ${at} ${order}, fact.id ${order} limit ${limit}
    ) as fact
    order by ${at} ${order}, fact.id ${order} limit ${limit}`.execute(tx);
  return rows;
}

export interface AttemptRow {
  closing_id: string;
  terminal_id: string;
  n: number;
  at: Date;
  asked_by: string;
  operation_id: string | null;
  refused: string | null;
  store_ref: string;
  business_day: string;
}

const attemptPlaces = batchTable<BoundPlace>({
  id: ["text", ({ id }) => id],
  // Whole instants: keys of attempts on different terminals have no common order.
  above_at: ["timestamptz", ({ above }) => new Date(above.at)],
  below_at: ["timestamptz", ({ below }) => new Date(below.key === undefined ? below.at : below.at + 1)],
});

/** A bound in the order of the attempts of all terminals. */
function attemptBound({ at, key }: Bound): RawBuilder<unknown> {
  const [closing = noId, terminal = "", n = "-1"] = key?.split(":") ?? [];
  return sql`(${new Date(at)}::timestamptz, ${closing}::uuid, ${terminal}::text collate "C", ${Number(n)}::integer)`;
}

/** Attempts of closings on the terminals. A closing may have made one on each of them at one instant. */
export async function readAttempts(wanted: Wanted): Promise<AttemptRow[]> {
  const { tx, subject, limit, window } = wanted;
  const within = placesWithin(wanted, subject.terminals, "attempt");
  if (within.length === 0) return [];
  const order = orderOf(wanted);
  const { above, below } = boundsOf(window, "attempt");
  const { rows } = await sql<AttemptRow>`
    select fact.*, closing.store_ref, closing.business_day::text as business_day
    from (
      select fact.* from ${attemptPlaces.of(within, "place")}
      cross join lateral (
        select * from closing_attempts as fact
        where fact.account_id = ${subject.accountId} and fact.terminal_id = place.id
          and fact.at >= place.above_at and fact.at < place.below_at
        order by fact.at ${order}, fact.closing_id ${order}, fact.n ${order} limit ${limit}
      ) as fact
      where (fact.at, fact.closing_id, fact.terminal_id collate "C", fact.n) > ${attemptBound(above)}
        and (fact.at, fact.closing_id, fact.terminal_id collate "C", fact.n) < ${attemptBound(below)}
      order by fact.at ${order}, fact.closing_id ${order}, fact.terminal_id collate "C" ${order}, fact.n ${order}
      limit ${limit}
    ) as fact
    cross join lateral (
      select store_ref, business_day from closings
      where closings.account_id = fact.account_id and closings.id = fact.closing_id
      offset 0
    ) as closing`.execute(tx);
  return rows;
}
