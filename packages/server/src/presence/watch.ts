import { presenceDelays } from "@tillkeeper/contract/presence";
import { type Kysely, sql } from "kysely";
import { batchTable } from "../db/batch-table.ts";
import type { Db } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Tables } from "../db/schema.ts";
import type { RealClock } from "../platform/clock.ts";
import { pause, type Worker } from "../platform/worker.ts";
import type { Change } from "./events.ts";
import { addChanges } from "./history.ts";
import { lockFreePresence, type Origin } from "./queries.ts";
import { asOf, comeBackMs, mostAheadMs, stepsUntil } from "./status.ts";
import type { SteadyClock } from "./steady-clock.ts";

interface WatchDeps {
  db: Db;
  clock: RealClock;
}

const watchEveryMs = 1_000;
/** What is shown does not wait for it. */
const lookEveryMs = 3_000;
const overdueBatch = 500;
/**
 * Without any server's sign for so long, terminals could not be heard: whatever they did meanwhile is nobody's silence.
 * Shorter than the grace of a heartbeat: one that waited for a database that was away for less is still written in time.
 */
const gap = sql`interval '4 seconds'`;
/** The database's clock may have been put back, too. */
const mostAhead = sql`interval '1 minute'`;
const seenJustNow = sql`seen_at between clock_timestamp() - ${gap} and clock_timestamp() + ${mostAhead}`;

interface Listening {
  since: Date;
  /** Grows with every sign of a server. */
  signs: number;
}

/**
 * Says that a server is listening, and answers since when one has been. The gap is measured by the database's clock, that
 * of all servers; `since` is an instant of the servers' own. When a server's clock is set to another time (`step`), that
 * is where it begins anew: who was heard before cannot be judged by it.
 */
export async function listenOn({ db, clock }: WatchDeps, step?: Date): Promise<Listening> {
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

/** Since when a server has been listening; since now when the last sign of one is too old. */
export async function listeningSince(db: Kysely<Tables>, now: Date): Promise<Date> {
  const horizon = new Date(now.getTime() + mostAheadMs);
  const { rows } = await sql<{ since: Date }>`
    select since from tillkeeper_presence_watch() where ${seenJustNow} and since <= ${horizon}`.execute(db);
  return rows[0]?.since ?? now;
}

/**
 * Writes down who became late or offline by the time that passed. What is shown does not wait for it; the history, and
 * whoever wants to be told, does. Each server says each second that it listens, one looks every three, and each change is
 * written once.
 */
export function watchWorker(deps: {
  db: Db;
  clock: SteadyClock;
  hearing: () => boolean;
  /** The database went back to an earlier moment. */
  wentBack: () => Promise<void>;
}): Worker {
  const { db, clock, hearing, wentBack } = deps;
  let seen = 0;
  return {
    name: "presence.watch",
    backWithinMs: watchEveryMs,
    async run(signal) {
      while (!signal.aborted) {
        // Without its broker a server hears nobody, and says nothing of anybody.
        const listening = hearing() ? await listenOn(deps, clock.step()) : undefined;
        const since = listening?.since;
        if (since) clock.follow();
        if (listening && listening.signs <= seen) await wentBack();
        seen = listening?.signs ?? seen;
        if (since && (await isOurTurn(db))) await settleOverdue(deps, since, signal);
        await pause(watchEveryMs, signal);
      }
    },
  };
}

/** It reads every terminal's row, so one of several servers does. */
async function isOurTurn(db: Db): Promise<boolean> {
  const { rows } = await sql`
    update presence_watch set looked_at = clock_timestamp()
    where looked_at <= clock_timestamp() - ${lookEveryMs * 0.9} * interval '1 millisecond'
      or looked_at > clock_timestamp() + ${mostAhead}
    returning one`.execute(db.sql);
  return rows.length > 0;
}

/** One look at the whole table, and then what it found by keys. */
async function settleOverdue({ db, clock }: WatchDeps, since: Date, signal: AbortSignal): Promise<void> {
  const found = await retried(() => findOverdue(db.sql, since, clock.realNow()));
  for (let from = 0; from < found.length && !signal.aborted; from += overdueBatch) {
    await retried(() => settle(db, found.slice(from, from + overdueBatch), since, clock.realNow()));
  }
}

/**
 * The same deadlines as in `status.ts`, which has the last word. In no order and without a limit: either would lead the
 * planner through an index, to all the rows that are not overdue, one by one.
 */
async function findOverdue(db: Kysely<Tables>, since: Date, now: Date): Promise<Origin[]> {
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const { lateAfterMs, silentOfflineAfterMs, lostOfflineAfterMs } = presenceDelays;
  const comeBackBy = new Date(since.getTime() + comeBackMs);
  const horizon = ago(-mostAheadMs);
  const lostAt = sql`case when lost_at > ${horizon} then ${since}::timestamptz else lost_at end`;
  const expectedAt = sql`case when last_heard_at <= ${horizon} then next_expected_at end`;
  const { rows } = await sql<Origin>`
    select account_id as "accountId", terminal_id as "terminalId" from terminal_presence
    where status in ('online', 'late') and (
      ${lostAt} <= ${ago(lostOfflineAfterMs)} and (lost_at >= ${since} or ${comeBackBy}::timestamptz <= ${now}::timestamptz)
      or lost_at is null and greatest(${expectedAt}, ${comeBackBy}::timestamptz)
        <= case status when 'online' then ${ago(lateAfterMs)}::timestamptz else ${ago(silentOfflineAfterMs)}::timestamptz end
    )`.execute(db);
  return rows;
}

const overdueRows = batchTable<Origin & Pick<Change, "status" | "at">>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
  status: ["text", (row) => row.status],
  since: ["timestamptz", (row) => row.at],
});

/** Those of them that somebody else is just writing to are left to the next look. */
function settle(db: Db, overdue: Origin[], since: Date, now: Date): Promise<void> {
  return db.sql.transaction().execute(async (tx) => {
    const rows = await lockFreePresence(tx, overdue);
    const steps = rows.flatMap((known) => {
      const row = asOf(known, now, since);
      const origin = { accountId: row.account_id, terminalId: row.terminal_id };
      return stepsUntil(row, since, now).flatMap(({ status, since: at, reason }) =>
        reason ? { ...origin, status, at, reason } : [],
      );
    });
    // The last one of each.
    const moved = [...new Map(steps.map((step) => [step.terminalId, step])).values()];
    if (moved.length === 0) return;
    await sql`
      update terminal_presence as presence set status = moved.status, since = moved.since
      from ${overdueRows.of(moved, "moved")}
      where presence.account_id = moved.account_id and presence.terminal_id = moved.terminal_id`.execute(tx);
    await addChanges(tx, steps);
  });
}
