import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Pool } from "pg";
import type { Db } from "../db/db.ts";
import { isWithoutPartition } from "../db/failures.ts";
import { every, type Worker } from "../platform/worker.ts";

/**
 * Gives places to events, oldest first, in one statement. Without the turn's lock it takes none, so one sequencer works at a time.
 * What it sees is committed, and what follows from an event is inserted after that event's commit: so causes come before
 * effects. Positions and the last place rise in the same commit, and go back with the database.
 */
const orderText = `
with turn as materialized (
  select from event_turn for update skip locked
), taken as (
  delete from new_events
  where seq = any (array(select seq from new_events where exists (select from turn) order by seq limit $1))
  returning *
), numbered as (
  select taken.*, row_number() over (order by seq) as nth,
    row_number() over (partition by account_id order by seq) as nth_of_account
  from taken
), counted as (
  select account_id, count(*) as total from taken group by account_id
), heads as (
  insert into event_heads as head (account_id, position)
  select account_id, total from counted order by account_id
  on conflict (account_id) do update set position = head.position + excluded.position
  returning account_id, position
), moved as (
  update event_turn set place = place + (select count(*) from taken)
  where exists (select from taken)
  returning place
), placed as (
  insert into events (
    account_id, position, place, epoch, placed_at, type, cause, at, subject, store_ref, terminal_id, actor, request_id, data
  )
  select numbered.account_id, heads.position - counted.total + nth_of_account,
    moved.place - (select count(*) from taken) + nth, $2, now(), type, cause, at, subject, store_ref, terminal_id, actor,
    request_id, data
  from numbered
  join counted on counted.account_id = numbered.account_id
  join heads on heads.account_id = numbered.account_id
  cross join moved
  order by nth
)
select count(*)::int as count from taken`;

/** How many events get their places in one statement, at most. */
const mostAtOnce = 2_000;

/** Gives places to the events that have none; answers how many it took. */
export async function orderEvents(pool: Pool, epoch: string, limit = mostAtOnce): Promise<number> {
  const { rows } = await pool.query<{ count: number }>({
    name: "order_events",
    text: orderText,
    values: [limit, epoch],
  });
  return rows[0]?.count ?? 0;
}

/** A new epoch: eight hexadecimal digits. It only has to differ from the others of the last weeks. */
export function newEpoch(): string {
  return randomBytes(4).toString("hex");
}

/** While events come, and when none has come for a while. */
const pace = { busyMs: 10, idleMs: 80, idleAfterMs: 2_000 };

/**
 * The sequencer. Each server runs one; whoever gets the turn takes what there is. After a failure it goes on under another epoch:
 * the database may be an earlier state of itself by then, and would give the same positions again.
 */
export function orderWorker({ db, placed }: { db: Db; placed: () => void }): Worker {
  let epoch = newEpoch();
  let lastAt = Number.NEGATIVE_INFINITY;
  const rest = () => (performance.now() - lastAt < pace.idleAfterMs ? pace.busyMs : pace.idleMs);
  const begin = () => {
    epoch = newEpoch();
  };
  let isThere = false;
  const round = async () => {
    if (!isThere) await sql`insert into event_turn (place) values (0) on conflict do nothing`.execute(db.sql);
    isThere = true;
    const count = await orderEvents(db.pool, epoch).catch(async (error: unknown) => {
      if (!isWithoutPartition(error)) throw error;
      // The retention worker makes weeks ahead, so this happens only where it has not run for a week.
      await sql`select tillkeeper_make_event_week(now())`.execute(db.sql);
      return orderEvents(db.pool, epoch);
    });
    if (count > 0) {
      lastAt = performance.now();
      placed();
    }
    return count === mostAtOnce;
  };
  return every("events.order", rest, round, { begin, backWithinMs: 1_000 });
}
