import { limits } from "@tillkeeper/contract/limits";
import { type Kysely, sql } from "kysely";
import type { Db } from "../db/db.ts";
import { isLockTimeout } from "../db/failures.ts";
import type { Tables } from "../db/tables/schema.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log/log.ts";
import { dayMs, hourMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";

const lookEveryMs = hourMs;
const monthsAhead = 2;

/** Makes the partition of the month of `at`, unless it exists. */
export async function makeMonth(db: Kysely<Tables>, at: Date): Promise<void> {
  await sql`select tillkeeper_make_month(${at})`.execute(db);
}

interface MonthDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  /** How many days operations are kept; see `limits.retentionDaysMin`. */
  retentionDays: number;
}

/** Makes the partitions of the next months, and drops partitions that ended before the retention (docs/adr/0011). */
export function monthWorker({ db, clock, log, retentionDays }: MonthDeps): Worker {
  return every("operations.months", lookEveryMs, async () => {
    const now = clock.now();
    for (let ahead = 0; ahead <= monthsAhead; ahead += 1) await makeMonth(db.sql, monthsAfter(now, ahead));
    const kept = Math.max(retentionDays, limits.retentionDaysMin);
    try {
      const dropped = await dropMonths(db.sql, new Date(now.getTime() - kept * dayMs));
      if (dropped.length > 0) log.info({ partitions: dropped }, "dropped operations past their retention");
    } catch (error) {
      // Another transaction reads the partition. Waiting for its lock would block all other readers and writers, so
      // the next round tries again.
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
