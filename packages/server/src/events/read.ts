import type { EventType } from "@tillkeeper/contract/events";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import type { Kysely, Selectable } from "kysely";
import type { Pool } from "pg";
import type { Tables } from "../db/tables/schema.ts";

/** An event with its position. */
export type EventRow = Selectable<Tables["events"]>;

/** Presents events of one account, in their order. Rejects while the database is away. */
export type PresentEvents = (accountId: string, events: readonly EventRow[]) => Promise<EventEnvelope[]>;

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

/** What a reader of some types has found, and the place up to which that is all. */
interface News {
  events: EventRow[];
  place: number;
  hasMore: boolean;
}

/**
 * Events of these types behind the place that a worker knows, for one that writes down how far it is. After the database went back,
 * places are given again, so it begins at the last one there is.
 */
export async function readNews(
  pool: Pool,
  known: number,
  { types, limit }: { types: readonly EventType[]; limit: number },
): Promise<News> {
  const last = await lastPlace(pool);
  const { rows: events } = await pool.query<EventRow>({
    name: "read_event_news",
    text: "select * from events where place > $1 and place <= $2 and type = any ($3) order by place limit $4",
    values: [Math.min(known, last), last, types, limit],
  });
  const hasMore = events.length === limit;
  return { events, place: hasMore ? Number(events.at(-1)?.place) : last, hasMore };
}

/** The position of an account's last event; 0 of none. */
export async function lastPosition(db: Kysely<Tables>, accountId: string): Promise<number> {
  const head = await db
    .selectFrom("event_heads")
    .select("position")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  return Number(head?.position ?? 0);
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
