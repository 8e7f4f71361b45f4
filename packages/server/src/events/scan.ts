import type { EventPlace, EventType } from "@tillkeeper/contract/events";
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "../db/tables/schema.ts";
import type { EventRow } from "./read.ts";

/** Which events a reader wants; a field that is left out matches all. */
export interface EventFilter {
  types?: readonly EventType[] | undefined;
  /** The generated id of a store. */
  storeRef?: string | undefined;
  /** The stores that the reader is limited to: it gets nothing of others, and nothing that is of no store. */
  storeRefs?: readonly string[] | undefined;
  terminalId?: string | undefined;
  subject?: string | undefined;
}

/** The last event that a reader had; "oldest" begins with the oldest that is kept. */
export type EventCursor = EventPlace | "oldest";

export interface EventScan {
  accountId: string;
  after: EventCursor;
  filter: EventFilter;
  /** Events that are answered at most. */
  limit: number;
  /** Positions that are looked at at most. */
  span: number;
}

/** What a scan found. `lost`: the cursor is the id of no event that is there (D33). */
export type EventsFound = { events: EventRow[]; end: EventCursor; hasMore: boolean } | "lost";

interface Found extends Omit<EventRow, "position"> {
  position: string | null;
  last: string;
  until: string;
  cursor_epoch: string | null;
  until_epoch: string | null;
}

/**
 * The events behind a cursor, oldest first. One statement, so that the cursor's event, the events behind it and the last position
 * are of one moment: no partition is dropped in between. The index of positions is read from the cursor on, `span` rows at most.
 */
export async function scanEvents(db: Kysely<Tables>, scan: EventScan): Promise<EventsFound> {
  const { accountId, after, filter, limit, span } = scan;
  const from = after === "oldest" ? 0 : after.position;
  const { rows } = await sql<Found>`
    with kept as materialized (
      select
        coalesce((select position from event_heads where account_id = ${accountId}), 0) as last,
        ${epochAt(scan, sql`${from}::bigint`)} as cursor_epoch,
        greatest(${from}::bigint, coalesce(
          (select position from events where account_id = ${accountId} order by position limit 1) - 1, ${from}::bigint
        )) as after
    ), span as materialized (
      select kept.*, greatest(least(last, after + ${span}), after) as until from kept
    )
    select span.last, span.until, span.cursor_epoch,
      ${epochAt(scan, sql`span.until`)} as until_epoch,
      found.*
    from span
    left join lateral (
      select * from events
      where account_id = ${accountId} and position > span.after and position <= span.until and ${conditions(filter)}
      order by position
      limit ${limit}
    ) as found on true
    order by found.position`.execute(db);
  const [first] = rows;
  if (!first) throw new Error("a scan of events answers a row in any case");
  if (after !== "oldest" && first.cursor_epoch !== after.epoch) return "lost";
  const events = rows.filter((row): row is Found & EventRow => row.position !== null);
  const lastFound = events.length === limit ? events.at(-1) : undefined;
  const end = lastFound ? placeOf(lastFound) : endOf(first, after);
  return { events, end, hasMore: end !== "oldest" && end.position < Number(first.last) };
}

/** The epoch of the event at a position. The last one of an account is known as long as the account, also when it is not kept any more. */
function epochAt({ accountId, filter }: EventScan, position: RawBuilder<unknown>) {
  // A limited reader has got past events that it does not see.
  if (filter.storeRefs) return sql`tillkeeper_epoch_at(${accountId}, ${position})`;
  return sql`coalesce(
    (select epoch from events where account_id = ${accountId} and position = ${position}),
    (select epoch from event_heads where account_id = ${accountId} and position = ${position})
  )`;
}

/** Where a scan ended that looked at all of its span. */
function endOf({ until, until_epoch: epoch }: Found, after: EventCursor): EventCursor {
  // Of an account without events there is no id to go on from.
  return epoch === null ? after : { position: Number(until), epoch };
}

export function placeOf({ position, epoch }: Pick<EventRow, "position" | "epoch">): EventPlace {
  return { position: Number(position), epoch };
}

/** The last event of an account; "oldest" where there was none, so that a reader who begins there misses nothing. */
export async function lastEvent(db: Kysely<Tables>, accountId: string): Promise<EventCursor> {
  const last = await db
    .selectFrom("event_heads")
    .select(["position", "epoch"])
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  return last ? placeOf(last) : "oldest";
}

/**
 * The last event of an account that got its place more than so many seconds ago; "oldest" where no such event is kept; "lost" where more than
 * `most` have come since. It may be one that a limited reader does not see.
 */
export async function lastEventBefore(
  db: Kysely<Tables>,
  accountId: string,
  { seconds, most }: { seconds: number; most: number },
): Promise<EventCursor | "lost"> {
  const { rows } = await sql<{ seen: number; position: string | null; epoch: string }>`
    with last as (
      select position, epoch, placed_at >= clock_timestamp() - make_interval(secs => ${seconds}) as is_recent
      from events where account_id = ${accountId} order by position desc limit ${most + 1}
    )
    select (select count(*)::int from last) as seen, before.position, before.epoch
    from (values (true)) as always
    left join (select * from last where not is_recent order by position desc limit 1) as before on true`.execute(db);
  const { seen = 0, position = null, epoch = "" } = rows[0] ?? {};
  if (position !== null) return placeOf({ position, epoch });
  return seen > most ? "lost" : "oldest";
}

/** The last positions of these accounts, for a server that looks whether the tail told all; of an account without events none. */
export async function lastPositions(
  db: Kysely<Tables>,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom("event_heads")
    .select(["account_id", "position"])
    .where(sql<boolean>`account_id = any(${accountIds}::text[])`)
    .execute();
  return new Map(rows.map(({ account_id, position }) => [account_id, Number(position)]));
}

/** Whether the filter lets an event through, as `conditions` says it in SQL. */
export function passes({ types, storeRef, storeRefs, terminalId, subject }: EventFilter, event: EventRow): boolean {
  return (
    (storeRefs === undefined || (event.store_ref !== null && storeRefs.includes(event.store_ref))) &&
    (types?.includes(event.type) ?? true) &&
    (storeRef === undefined || event.store_ref === storeRef) &&
    (terminalId === undefined || event.terminal_id === terminalId) &&
    (subject === undefined || event.subject === subject)
  );
}

function conditions({ types, storeRef, storeRefs, terminalId, subject }: EventFilter) {
  const wanted = [
    storeRefs && sql<boolean>`store_ref = any(${storeRefs}::text[])`,
    types && sql<boolean>`type = any(${types}::text[])`,
    storeRef === undefined ? undefined : sql<boolean>`store_ref = ${storeRef}`,
    terminalId === undefined ? undefined : sql<boolean>`terminal_id = ${terminalId}`,
    subject === undefined ? undefined : sql<boolean>`subject = ${subject}`,
  ].filter((condition) => condition !== undefined);
  return wanted.length === 0 ? sql<boolean>`true` : sql.join(wanted, sql` and `);
}
