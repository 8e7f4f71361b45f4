import type { DayFacts, TerminalFacts } from "@tillkeeper/contract/closings/facts";
import { standingOf } from "@tillkeeper/contract/closings/rules";
import type { Standing } from "@tillkeeper/contract/closings/standing";
import { affectsBatch } from "@tillkeeper/contract/closings/view";
import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { Clock, RealClock } from "../../platform/clock.ts";
import { listeningSince } from "../../presence/watch/watch.ts";
import type { ClosingRecord } from "../queries.ts";
import { type Facts, type Hearing, openSince, terminalFacts } from "./facts.ts";

/** A terminal of a closing: its facts, and where it stands. */
export interface Member {
  row: Facts;
  facts: TerminalFacts;
  standing: Standing;
}

/** A time of answers: business time, and what presence needs. */
export interface Moment extends Hearing {
  now: Date;
}

/** The clocks by which a moment is taken: business time, and real time as presence counts it. */
export interface Clocks {
  clock: Pick<Clock, "now">;
  presenceClock: Pick<RealClock, "realNow">;
}

/** The moment of a request or a look. */
export async function momentOf(db: Kysely<Tables>, { clock, presenceClock }: Clocks): Promise<Moment> {
  const realNow = presenceClock.realNow();
  return { now: clock.now(), realNow, listeningSince: await listeningSince(db, realNow) };
}

/** The day of a closing as the rules see it. Of one that has ended nothing goes on, so its time is that of its end. */
export function dayFacts(closing: ClosingRecord, { now }: Moment): DayFacts {
  const { day_ends_at: endsAt, retry_until: retryUntil, ended_at: endedAt, cancelled_at: cancelledAt } = closing;
  const cancelled = cancelledAt !== null;
  return endedAt
    ? { now: endedAt, endsAt, retryUntil: endedAt, cancelled, ended: true }
    : { now, endsAt, retryUntil, cancelled };
}

/** Where the terminals of a closing stand. */
export function membersOf(closing: ClosingRecord, rows: readonly Facts[], moment: Moment): Member[] {
  const day = dayFacts(closing, moment);
  return rows.map((row) => {
    const facts = terminalFacts(row, moment);
    return { row, facts, standing: standingOf(facts, day) };
  });
}

/** Whether a terminal is not closed and has, or may have, something to close. One that does not tell its batch may. */
export function isOpen({ standing: { state, reason } }: Pick<Member, "standing">): boolean {
  return state === "waiting" || state === "failed" || state === "unknown" || reason === "not_asked";
}

/**
 * The same for a day that was due at that instant: a terminal that was heard after it, had told an empty batch and was lost then has
 * nothing to close, as far as can be known.
 */
export function isOpenSince(member: Member, dueAt: Date, { now, realNow }: Moment): boolean {
  if (!isOpen(member)) return false;
  // Presence goes by real time.
  return !wasLostEmpty(member, new Date(realNow.getTime() - (now.getTime() - dueAt.getTime())));
}

function wasLostEmpty({ row, facts, standing }: Member, realDueAt: Date): boolean {
  const isAway = standing.reason === "away" || standing.reason === "unreachable";
  if (!isAway || !row.presence || row.batch?.value.transactions_count !== 0) return false;
  if (row.former_batch || new Date(row.presence.last_heard_at) < realDueAt) return false;
  const toldAt = new Date(row.batch.at);
  return facts.closes.every(({ end, knownAt }) => !affectsBatch(end) || (knownAt !== null && knownAt <= toldAt));
}

/** The facts by closing, in the order of their terminals. */
export function byClosing(rows: readonly Facts[]): Map<string | null, Facts[]> {
  return Map.groupBy(rows, ({ closing_id: id }) => id);
}

/** The open batches of connected terminals, as far as they tell when they began. One after which a close came is over. */
export function openBatches(rows: readonly Facts[], moment: Moment): { terminalId: string; oldestAt: Date }[] {
  return rows.flatMap((row) => {
    const oldestAt = openSince(row);
    return oldestAt && terminalFacts(row, moment).online ? [{ terminalId: row.terminal_id, oldestAt }] : [];
  });
}
