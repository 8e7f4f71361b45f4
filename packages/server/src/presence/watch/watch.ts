import { presenceDelays } from "@tillkeeper/contract/presence";
import { type Kysely, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Db } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import type { Tables } from "../../db/tables/schema.ts";
import type { RealClock } from "../../platform/clock.ts";
import { every, type Worker } from "../../platform/worker.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";
import { addChanges } from "../record/history.ts";
import { lockFreePresence } from "../record/queries.ts";
import type { Change } from "../status/state.ts";
import { comeBackMs, mostAheadMs, stepsUntil, withoutFutureTimes } from "../status/status.ts";
import type { SteadyClock } from "./steady-clock.ts";

interface WatchDeps {
  db: Db;
  clock: RealClock;
}

const watchEveryMs = 1_000;
/** Reading the presence of a terminal does not depend on this worker. */
const lookEveryMs = 3_000;
const overdueBatch = 500;
/**
 * After so long without a sign of any server, terminals were not heard, and their silence does not count. It is shorter
 * than the grace of a heartbeat. So a heartbeat that waited through a shorter outage of the database is still written
 * in time.
 */
const gap = sql`interval '4 seconds'`;
/** The database's clock may have been put back, too. */
const mostAhead = sql`interval '1 minute'`;
const seenJustNow = sql`seen_at between clock_timestamp() - ${gap} and clock_timestamp() + ${mostAhead}`;

interface Listening {
  since: Date;
  /** Grows with each sign of a server; a smaller number means a restored database. */
  signs: number;
}

/**
 * Notes that a server is listening, and answers since when servers have been without a gap. The gap is measured by the
 * database's clock, which all servers share; `since` is a time of the servers' clocks. When a server's clock was set
 * (`step`), a new period begins at that time: terminals heard before cannot be judged by it.
 */
export async function noteListening({ db, clock }: WatchDeps, step?: Date): Promise<Listening> {
  const now = step ?? clock.realNow();
  const horizon = new Date(now.getTime() + mostAheadMs);
  const { rows } = await sql<{ since: Date; signs: string }>`
    insert into presence_watch as watch (since, seen_at, looked_at) values (${now}, clock_timestamp(), clock_timestamp())
    on conflict (one) do update set
      since = case when ${!step}::boolean and watch.since <= ${horizon} and watch.${seenJustNow}
        then watch.since else excluded.since end,
      seen_at = case when watch.${seenJustNow} then greatest(watch.seen_at, clock_timestamp()) else clock_timestamp() end,
      signs = watch.signs + 1
    returning since, signs`.execute(db.sql);
  return { since: rows[0]?.since ?? now, signs: Number(rows[0]?.signs ?? 0) };
}

/** Since when servers have been listening; `now` when their last sign is too old. */
export async function listeningSince(db: Kysely<Tables>, now: Date): Promise<Date> {
  const horizon = new Date(now.getTime() + mostAheadMs);
  const { rows } = await sql<{ since: Date }>`
    select since from tillkeeper_presence_watch() where ${seenJustNow} and since <= ${horizon}`.execute(db);
  return rows[0]?.since ?? now;
}

/**
 * Writes terminals that became late or offline as time passed. Reading a status does not depend on it, but history and
 * notifications do. Each server notes every second that it listens; one of them looks for overdue terminals every three
 * seconds, and each change is written once.
 */
export function watchWorker(deps: {
  db: Db;
  clock: SteadyClock;
  hearing: () => boolean;
  /** Called when the database went back to an earlier moment. */
  wentBack: () => Promise<void>;
}): Worker {
  const { db, clock, hearing, wentBack } = deps;
  let seen = 0;
  const watch = async (signal: AbortSignal) => {
    // Without its broker a server receives nothing, so it must not say that it listens.
    if (!hearing()) return;
    const { since, signs } = await noteListening(deps, clock.step());
    clock.follow();
    if (signs <= seen) await wentBack();
    seen = signs;
    if (await isOurTurn(db)) await settleOverdue(deps, since, signal);
  };
  return every("presence.watch", watchEveryMs, watch, { backWithinMs: watchEveryMs });
}

/** Whether this server does the next look: it reads the rows of all terminals, so one server is enough. */
async function isOurTurn(db: Db): Promise<boolean> {
  const { rows } = await sql`
    update presence_watch set looked_at = clock_timestamp()
    where looked_at <= clock_timestamp() - ${lookEveryMs * 0.9} * interval '1 millisecond'
      or looked_at > clock_timestamp() + ${mostAhead}
    returning one`.execute(db.sql);
  return rows.length > 0;
}

/** Finds overdue terminals in one read of the table, then settles them by key. */
async function settleOverdue({ db, clock }: WatchDeps, since: Date, signal: AbortSignal): Promise<void> {
  const found = await retried(() => findOverdue(db.sql, since, clock.realNow()));
  for (let from = 0; from < found.length && !signal.aborted; from += overdueBatch) {
    await retried(() => settle(db, found.slice(from, from + overdueBatch), since, clock.realNow()));
  }
}

/**
 * Finds the terminals that are overdue by the deadlines of `status.ts`, which decides again. There is no order and no
 * limit: either would lead the planner to an index, and so through all rows that are not overdue.
 */
async function findOverdue(db: Kysely<Tables>, since: Date, now: Date): Promise<TerminalKey[]> {
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const { lateAfterMs, silentOfflineAfterMs, lostOfflineAfterMs } = presenceDelays;
  const comeBackBy = new Date(since.getTime() + comeBackMs);
  const horizon = ago(-mostAheadMs);
  const lostAt = sql`case when lost_at > ${horizon} then ${since}::timestamptz else lost_at end`;
  const expectedAt = sql`case when last_heard_at <= ${horizon} then next_expected_at end`;
  const { rows } = await sql<TerminalKey>`
    select account_id as "accountId", terminal_id as "terminalId" from terminal_presence
    where status in ('online', 'late') and (
      ${lostAt} <= ${ago(lostOfflineAfterMs)} and (lost_at >= ${since} or ${comeBackBy}::timestamptz <= ${now}::timestamptz)
      or lost_at is null and greatest(${expectedAt}, ${comeBackBy}::timestamptz)
        <= case status when 'online' then ${ago(lateAfterMs)}::timestamptz else ${ago(silentOfflineAfterMs)}::timestamptz end
    )`.execute(db);
  return rows;
}

const overdueRows = batchTable<TerminalKey & Pick<Change, "status" | "at">>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
  status: ["text", (row) => row.status],
  since: ["timestamptz", (row) => row.at],
});

/** Writes the changes of overdue terminals. Rows locked by another transaction are left to the next look. */
function settle(db: Db, overdue: TerminalKey[], since: Date, now: Date): Promise<void> {
  return db.sql.transaction().execute(async (tx) => {
    const rows = await lockFreePresence(tx, overdue);
    const steps = rows.flatMap((known) => {
      const row = withoutFutureTimes(known, now, since);
      const origin = { accountId: row.account_id, terminalId: row.terminal_id };
      return stepsUntil(row, since, now).flatMap(({ status, since: at, reason }) =>
        reason ? { ...origin, status, at, reason } : [],
      );
    });
    // The last change of each terminal.
    const moved = [...new Map(steps.map((step) => [step.terminalId, step])).values()];
    if (moved.length === 0) return;
    await sql`
      update terminal_presence as presence set status = moved.status, since = moved.since
      from ${overdueRows.of(moved, "moved")}
      where presence.account_id = moved.account_id and presence.terminal_id = moved.terminal_id`.execute(tx);
    await addChanges(tx, steps);
  });
}
