import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Pool } from "pg";
import type { Db } from "../db/db.ts";
import { isWithoutPartition } from "../db/failures.ts";
import { every, type Worker } from "../platform/worker.ts";
import { WorkerPace } from "../platform/worker-pace.ts";

/**
 * Gives places to events, oldest first, in one statement. Without the turn's lock it takes none, so one sequencer works at a time.
 * What it sees is committed, and what follows from an event is inserted after that event's commit: so causes come before
 * effects. Positions and the last place rise in the same commit, and go back with the database. It takes none if the last event that
 * was placed under the epoch is not there any more: the database went back, and its positions would be given twice.
 */
const orderText = `
with epoch as materialized (
  select $3::bigint is null or exists (select from events where place = $3 and epoch = $2) as holds
), turn as materialized (
  select from event_turn where (select holds from epoch) for update skip locked
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
  insert into event_heads as head (account_id, position, epoch)
  select account_id, total, $2 from counted order by account_id
  on conflict (account_id) do update set position = head.position + excluded.position, epoch = excluded.epoch
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
select holds, (select count(*)::int from taken) as count, (select place from moved) as place,
  coalesce((select place from moved), (select place from event_turn)) as reached
from epoch`;

/** How many events get their places in one statement, at most. */
const mostAtOnce = 2_000;

/**
 * Gives places to events under an epoch of its own, eight hexadecimal digits, which only has to differ from the others of the last
 * weeks. It takes another one when the database went back.
 */
export class Sequencer {
  readonly #pool: Pool;
  #epoch = newEpoch();
  /** The last place given under the epoch. */
  #last: string | null = null;
  #reached: string | null = null;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Takes another epoch: the database may be an earlier state of itself. */
  begin(): void {
    this.#epoch = newEpoch();
    this.#last = null;
  }

  /**
   * Gives places to the events that have none, oldest first. Answers how many it took, and whether events were placed since it was
   * last called, by this server or by another.
   */
  async order(limit = mostAtOnce): Promise<{ count: number; placed: boolean }> {
    const values = [limit, this.#epoch, this.#last];
    const { rows } = await this.#pool.query<Ordered>({ name: "order_events", text: orderText, values });
    const { holds, count, place, reached } = rows[0] as Ordered;
    if (!holds) {
      this.begin();
      return this.order(limit);
    }
    if (place !== null) this.#last = place;
    const placed = reached !== this.#reached;
    this.#reached = reached;
    return { count, placed };
  }
}

interface Ordered {
  holds: boolean;
  count: number;
  place: string | null;
  /** The last place of all: a statement begun while another server places events sees the one before. */
  reached: string | null;
}

function newEpoch(): string {
  return randomBytes(4).toString("hex");
}

/** How often the sequencer asks for what other servers did, in milliseconds: often while readers of this server wait for events. */
const askMs = { awaited: 80, otherwise: 500 };

interface OrderDeps {
  db: Db;
  /** Events were placed, by this server or another. */
  onPlaced: () => void;
  /** Whether a request or a stream of this server waits for events, which other servers may write. */
  isAwaited: () => boolean;
}

/**
 * The sequencer. Each server runs one, and begins a round when it has written events itself; the server that gets the lock places all new events.
 * After a failure it goes on under another epoch: the database may be an earlier state of itself by then, and would give the same positions
 * again. By `onPlaced` it wakes those that read events.
 */
export function orderWorker({ db, onPlaced, isAwaited }: OrderDeps): Worker {
  const sequencer = new Sequencer(db.pool);
  // An event that is written while a sequencer's round is under way, here or at another server, gets its place in the next round.
  const pace = new WorkerPace({
    busyMs: 10,
    idleMs: () => (isAwaited() ? askMs.awaited : askMs.otherwise),
    idleAfterMs: 50,
  });
  let isThere = false;
  const round = async () => {
    if (!isThere) await sql`insert into event_turn (place) values (0) on conflict do nothing`.execute(db.sql);
    isThere = true;
    const { count, placed } = await sequencer.order().catch(async (error: unknown) => {
      if (!isWithoutPartition(error)) throw error;
      // The retention worker makes weeks ahead, so this happens only where it has not run for a week.
      await sql`select tillkeeper_make_event_week(now())`.execute(db.sql);
      return sequencer.order();
    });
    if (count > 0) pace.found();
    if (placed) onPlaced();
    return count === mostAtOnce;
  };
  const worker = every("events.order", pace.restMs, round, { begin: () => sequencer.begin(), backWithinMs: 1_000 });
  db.onEventsWritten(() => pace.stir(worker));
  return worker;
}
