import { type Kysely, type Selectable, sql } from "kysely";
import type { Pool } from "pg";
import type { Tables } from "../db/tables/schema.ts";

/** An event in its place. */
export type EventRow = Selectable<Tables["events"]>;

/** The last place that was given. */
export async function lastPlace(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ place: string }>({
    name: "last_event_place",
    text: "select place from event_turn",
  });
  return Number(rows[0]?.place ?? 0);
}

/** Events of all accounts behind a place, in their order, for a server that takes them on. */
export async function readPlaced(pool: Pool, after: number, limit: number): Promise<EventRow[]> {
  const { rows } = await pool.query<EventRow>({
    name: "read_placed_events",
    text: "select * from events where place > $1 order by place limit $2",
    values: [after, limit],
  });
  return rows;
}

/** Where an account's events begin and end: the positions of the oldest that is kept and of the last; of none, 1 and 0. */
export async function rangeOf(db: Kysely<Tables>, accountId: string): Promise<{ first: number; last: number }> {
  const { rows } = await sql<{ first: string | null; last: string | null }>`
    select
      (select position from events where account_id = ${accountId} order by position limit 1) as first,
      (select position from event_heads where account_id = ${accountId}) as last`.execute(db);
  const last = Number(rows[0]?.last ?? 0);
  const first = rows[0]?.first;
  return { first: first === null || first === undefined ? last + 1 : Number(first), last };
}

/** The event at a position of an account. */
export function findEvent(db: Kysely<Tables>, accountId: string, position: number): Promise<EventRow | undefined> {
  return db
    .selectFrom("events")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("position", "=", String(position))
    .executeTakeFirst();
}

/** Names the place of an event. */
export interface PlacedKey {
  accountId: string;
  position: number;
  epoch: string;
}

/** Events by their places, in no order; those past their retention are missing. */
export async function findPlaced(pool: Pool, keys: readonly PlacedKey[]): Promise<EventRow[]> {
  const { rows } = await pool.query<EventRow>({
    name: "find_placed_events",
    text: `
select events.* from unnest($1::text[], $2::bigint[], $3::text[]) as wanted (account_id, position, epoch)
join events on events.account_id = wanted.account_id and events.position = wanted.position and events.epoch = wanted.epoch`,
    values: [keys.map((key) => key.accountId), keys.map((key) => key.position), keys.map((key) => key.epoch)],
  });
  return rows;
}
