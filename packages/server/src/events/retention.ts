import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import { isLockTimeout } from "../db/failures.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log/log.ts";
import { dayMs, hourMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";

/** A week is dropped as a whole, so events are kept up to a week longer. */
const weekDays = 7;

interface RetentionDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  eventDays: number;
}

/** Makes the partition of the next week, and drops those whose events are all older than the retention. */
export function eventRetentionWorker({ db, clock, log, eventDays }: RetentionDeps): Worker {
  return every("events.weeks", hourMs, async () => {
    for (const days of [0, weekDays]) {
      await sql`select tillkeeper_make_event_week(now() + ${days} * interval '1 day')`.execute(db.sql);
    }
    const before = new Date(clock.now().getTime() - eventDays * dayMs);
    try {
      // A week goes only if it is over by the real time and its events are old by business time.
      const { rows } = await sql<{ name: string }>`
        select tillkeeper_drop_event_weeks(now(), ${before}) as name`.execute(db.sql);
      if (rows.length > 0)
        log.info({ partitions: rows.map(({ name }) => name) }, "dropped events past their retention");
    } catch (error) {
      // Another transaction reads the partition; the next round tries again.
      if (!isLockTimeout(error)) throw error;
    }
  });
}
