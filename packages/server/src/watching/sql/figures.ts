import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";

/** Figures of the database about all servers together. Ages are in seconds, and null where there is no row. */
export interface Figures {
  migration: string | null;
  outboxDue: number;
  outboxAge: number | null;
  live: Record<string, number> | null;
  overdue: number;
  eventsWaiting: number;
  eventsAge: number | null;
  deliveriesDue: number;
  deliveriesAge: number | null;
  subscriptions: Record<string, number> | null;
  closingsRunning: number;
  closingsDue: number;
  closingsEnded: number;
  storesDue: number;
  mailDue: number;
  presence: Record<string, number> | null;
}

/** Rows are counted up to this number: a longer queue must not make its figure more expensive. */
const most = 100_000;

/** How many of these rows there are, at most `most`. */
const count = (rows: ReturnType<typeof sql>) => sql`(select count(*)::int from (${rows} limit ${most}) as counted)`;
const age = (now: Date, at: ReturnType<typeof sql>) => sql`extract(epoch from ${now}::timestamptz - ${at})::float8`;

/** Reads all figures in one statement. Each part goes by an index, but for the terminals, which are all counted. `now` is business time. */
export async function readFigures(db: Kysely<Tables>, now: Date): Promise<Figures> {
  const { rows } = await sql<Figures>`
    select
      (select max(name) from kysely_migration) as migration,
      ${count(sql`select from operation_claims where due_at <= ${now}`)} as "outboxDue",
      ${age(now, sql`(select min(due_at) from operation_claims where due_at <= ${now})`)} as "outboxAge",
      (select json_object_agg(operation, n) from (
        select operation, count(*) as n from operation_claims where deadline is not null group by operation
      ) as live) as live,
      ${count(sql`select from operation_claims where deadline <= ${now}`)} as overdue,
      ${count(sql`select from new_events`)} as "eventsWaiting",
      ${age(now, sql`(select at from new_events order by seq limit 1)`)} as "eventsAge",
      ${count(sql`select from hook_deliveries where state = 'waiting' and due_at <= ${now}`)} as "deliveriesDue",
      ${age(now, sql`(select min(due_at) from hook_deliveries where state = 'waiting' and due_at <= ${now})`)} as "deliveriesAge",
      (select json_object_agg(state, n) from (
        select state, count(*) as n from hook_subscriptions where deleted_at is null group by state
      ) as subscription) as subscriptions,
      ${count(sql`select from closings where look_at is not null`)} as "closingsRunning",
      ${count(sql`select from closings where look_at <= ${now}`)} as "closingsDue",
      ${count(sql`select from closings where day_starts_at > ${now}::timestamptz - interval '2 days' and ended_at is not null`)}
        as "closingsEnded",
      ${count(sql`select from store_autopilot where look_at <= ${now}`)} as "storesDue",
      ${count(sql`select from mail_messages where state in ('waiting', 'link_waiting') and due_at <= ${now}`)} as "mailDue",
      (select json_object_agg(status, n) from (
        select coalesce(presence.status, 'never') as status, count(*) as n
        from terminals
        left join terminal_presence as presence
          on presence.account_id = terminals.account_id and presence.terminal_id = terminals.terminal_id
        where terminals.status <> 'DELETED'
        group by 1
      ) as terminal) as presence`.execute(db);
  return rows[0] as Figures;
}
