import { limits } from "@tillkeeper/contract/limits";
import { type Kysely, sql } from "kysely";
import type { Db } from "../db/db.ts";
import { isLockTimeout } from "../db/failures.ts";
import type { Tables } from "../db/schema.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { dayMs, hourMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";

const lookEveryMs = hourMs;
const monthsAhead = 2;

/** Makes the partition of the month that `at` lies in, unless it is there. */
export async function makeMonth(db: Kysely<Tables>, at: Date): Promise<void> {
  await sql`select tillkeeper_make_month(${at})`.execute(db);
}

interface MonthDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  /** How long operations are kept; see `limits.retentionDaysMin`. */
  retentionDays: number;
}

/** Keeps the months ahead in place, and drops those that ended before the retention (docs/adr/0011). */
export function monthWorker({ db, clock, log, retentionDays }: MonthDeps): Worker {
  return every("operations.months", lookEveryMs, async () => {
    const now = clock.now();
    for (let ahead = 0; ahead <= monthsAhead; ahead += 1) await makeMonth(db.sql, monthsAfter(now, ahead));
    const kept = Math.max(retentionDays, limits.retentionDaysMin);
    try {
      const dropped = await dropMonths(db.sql, new Date(now.getTime() - kept * dayMs));
      if (dropped.length > 0) log.info({ partitions: dropped }, "dropped operations past their retention");
    } catch (error) {
      // Somebody is reading them; whoever reads or writes others must not queue up behind this. Next time.
      if (!isLockTimeout(error)) throw error;
    }
  });
}

async function dropMonths(db: Kysely<Tables>, before: Date): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select tillkeeper_drop_months(${before}) as name`.execute(db);
  return rows.map((row) => row.name);
}

function monthsAfter(at: Date, months: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1));
}
