import { eventsBeside } from "@tillkeeper/contract/http/hook-events";
import { sql } from "kysely";
import type { Db } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { WorkerPace } from "../../platform/worker-pace.ts";
import { replayText, takeText } from "./sql.ts";

interface TakingDeps {
  db: Db;
  clock: Clock;
  /** There is something to send. */
  made: () => void;
}

const mostAtOnce = 1_000;
const beside = [Object.keys(eventsBeside), Object.values(eventsBeside)];

/**
 * Makes deliveries of events, in the order of their places. Each server runs one; the server that locks the cursor takes all new events.
 * `placed` tells it of events. Without subscriptions they do not wake it: they would have it move the cursor, with a commit, a hundred times a
 * second.
 */
export function takingWorker({ db, clock, made }: TakingDeps): {
  worker: Worker;
  placed: () => void;
  wake: () => void;
} {
  const pace = new WorkerPace({ busyMs: 15, idleMs: 1_000, idleAfterMs: 100 });
  let isThere = false;
  let hasSubscriptions = false;
  const worker = every(
    "webhooks.take",
    pace.restMs,
    async () => {
      // Without subscriptions it moves to the last event by itself.
      if (!isThere) await sql`insert into hook_cursor (place) values (0) on conflict do nothing`.execute(db.sql);
      isThere = true;
      const taken = await run(db, { name: "take_events_for_hooks", text: takeText }, clock.now());
      const again = await run(db, { name: "replay_events_to_hooks", text: replayText }, clock.now());
      if (taken.made + again.made > 0) made();
      if (taken.taken + again.taken > 0) pace.found();
      hasSubscriptions = taken.asked === true;
      return taken.more || again.more;
    },
    { backWithinMs: 1_000 },
  );
  return {
    worker,
    placed: () => {
      if (hasSubscriptions) pace.stir(worker);
    },
    wake: () => pace.stir(worker),
  };
}

interface Taken {
  taken: number;
  made: number;
  /** There is more to do at once. */
  more: boolean;
  /** There are subscriptions; told by the first of the two statements. */
  asked?: boolean;
}

async function run(db: Db, statement: { name: string; text: string }, now: Date): Promise<Taken> {
  const { rows } = await db.pool.query<Taken>({
    ...statement,
    values: [now, mostAtOnce, ...beside],
  });
  return rows[0] ?? { taken: 0, made: 0, more: false };
}
