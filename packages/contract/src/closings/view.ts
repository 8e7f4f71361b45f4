import type { OperationReason } from "../operation-reasons.ts";
import type { AttemptFacts, BatchFacts, CloseFacts, DayFacts, TerminalFacts } from "./facts.ts";

/** The facts of a terminal, with what follows from them. */
export interface View extends TerminalFacts {
  day: DayFacts;
  asked: Date;
  /** Under way; of a closing that has ended only what it sent itself, or what was under way by then. */
  pending?: CloseFacts | undefined;
  /** The last close that closed the batch. */
  last?: CloseFacts | undefined;
  /** The last close after which the batch may be another one. */
  latest?: CloseFacts | undefined;
  /** `latest`, if its terminal did not answer and has said nothing since. */
  unanswered?: CloseFacts | undefined;
  own?: CloseFacts | undefined;
  /** What the device told of its batch after the last close whose end matters; that it was empty also where that close closed it. */
  told?: BatchFacts | undefined;
  /** When its last close, of whichever day, closed the batch, if its device tells its batch and has not told it since. */
  closedUntold?: Date | undefined;
  sold: boolean;
  empty: boolean;
  /** Attempts since the request. */
  tries: readonly AttemptFacts[];
  retries: boolean;
}

export function viewOf(facts: TerminalFacts, day: DayFacts): View {
  const { closes, batch, attempts } = facts;
  const asked = facts.askedAt ?? day.now;
  // A close of a former day that came after the request closed this day's batch, too.
  const ofDay = closes.filter(({ belongs, at }) => belongs !== "earlier" || at >= asked);
  const last = ofDay.findLast(({ end }) => end === "closed");
  const latest = ofDay.findLast(({ end }) => affectsBatch(end));
  const since = Math.max(...closes.map(({ end, knownAt }) => (affectsBatch(end) ? (knownAt?.getTime() ?? 0) : 0)), 0);
  // What was told by a device that is away counts only as far as it cannot get better.
  const holds = facts.online || facts.shutDown || (batch?.count ?? 0) > 0;
  const told = batch && holds && (batch.at.getTime() > since || isStillEmpty(batch, closes)) ? batch : undefined;
  const recent = facts.batchNow ?? batch;
  return {
    ...facts,
    day,
    asked,
    pending: closes.findLast(
      ({ end, by, at }) => end === "pending" && (!day.ended || by === "closing" || at <= day.now),
    ),
    last,
    latest,
    unanswered: latest?.end === "unanswered" && saidNothingSince(latest, closes) ? latest : undefined,
    own: closes.findLast(({ end, by, at }) => end === "closed" && by === "closing" && !(facts.again && at < asked)),
    told,
    closedUntold: batch && !told ? closedAt(closes) : undefined,
    sold: recent !== undefined && recent.count > 0 && recent.at.getTime() > since && !isOfLaterDay(recent, day, true),
    empty: told !== undefined && (told.count === 0 || isOfLaterDay(told, day, last !== undefined)),
    tries: attempts.filter(({ at }) => at >= asked),
    retries: day.now < day.retryUntil && !day.cancelled,
  };
}

/**
 * Whether the batch began after the day had ended. Where the device does not tell when it began, and the day was closed, it
 * counts as one of the day in which it was told.
 */
function isOfLaterDay({ oldestAt, at }: BatchFacts, { endsAt }: DayFacts, wasClosed: boolean): boolean {
  return oldestAt === undefined ? wasClosed && at >= endsAt : oldestAt >= endsAt;
}

/**
 * Whether every close after `close` failed without an answer. The terminal told any other end; it tells
 * results in order, so it would have told the end of `close` first.
 */
function saidNothingSince(close: CloseFacts, closes: readonly CloseFacts[]): boolean {
  return closes
    .slice(closes.indexOf(close) + 1)
    .every(({ end, reason }) => end === "not_closed" && reason === "unreachable");
}

/**
 * Whether the batch was empty, and is so after what closed it: an agent tells its new batch before it tells the close, and a sale when it
 * happens.
 */
function isStillEmpty({ count, at }: BatchFacts, closes: readonly CloseFacts[]): boolean {
  const since = closes.filter(({ end, knownAt }) => affectsBatch(end) && (knownAt === null || knownAt >= at));
  return count === 0 && since.every(({ end }) => end === "closed");
}

/** Since when the last close is known after which the batch may be another one, if it closed the batch. */
function closedAt(closes: readonly CloseFacts[]): Date | undefined {
  const { end, knownAt } = closes.findLast((close) => affectsBatch(close.end)) ?? {};
  return end === "closed" ? (knownAt ?? undefined) : undefined;
}

/** Whether the batch can be another one after a close that ended so. */
export function affectsBatch(end: CloseFacts["end"]): boolean {
  return end === "closed" || end === "unknown" || end === "unanswered";
}

/** The last attempt since the request, and its close. */
export function lastTry({ tries, closes }: View): { attempt: AttemptFacts | undefined; close: CloseFacts | undefined } {
  const attempt = tries.at(-1);
  return { attempt, close: closes.find(({ id }) => id === attempt?.close) };
}

/** The reason with which the close of the last attempt ended. */
export function lastReason(view: View): OperationReason | undefined {
  return lastTry(view).close?.reason;
}
