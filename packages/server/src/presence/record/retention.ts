import { sql } from "kysely";
import type { Db } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { pause } from "../../platform/pause.ts";
import { dayMs, minuteMs } from "../../platform/time-spans.ts";
import { every, type Worker } from "../../platform/worker.ts";

interface RetentionDeps {
  db: Db;
  clock: Clock;
  presenceDays: number;
  telemetryDays: number;
}

const everyMs = 10 * minuteMs;
/** Rows per statement, with rests in between: other statements write to these tables. */
const batch = 2_000;
const restMs = 50;

/** Deletes history older than the configured days. The last reported values of terminals stay, however old. */
export function retentionWorker({ db, clock, presenceDays, telemetryDays }: RetentionDeps): Worker {
  const kept = [
    { table: "presence_changes", days: presenceDays, now: () => clock.realNow() },
    { table: "telemetry_history", days: telemetryDays, now: () => clock.now() },
  ];
  return every("presence.retention", everyMs, async (signal) => {
    for (const { table, days, now } of kept) {
      const before = new Date(now().getTime() - days * dayMs);
      while (!signal.aborted && (await deleteSome(db, table, before)) === batch) await pause(restMs, signal);
    }
  });
}

async function deleteSome(db: Db, table: string, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from ${sql.table(table)} as old
    using (
      select account_id, terminal_id, id from ${sql.table(table)} where at < ${before} order by at limit ${batch}
    ) as outdated
    where old.account_id = outdated.account_id and old.terminal_id = outdated.terminal_id and old.id = outdated.id`.execute(
    db.sql,
  );
  return Number(numAffectedRows ?? 0n);
}
