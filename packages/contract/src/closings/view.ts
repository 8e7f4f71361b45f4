import type { OperationReason } from "../operation-reasons.ts";
import type { AttemptFacts, BatchFacts, CloseFacts, DayFacts, TerminalFacts } from "./facts.ts";

/** The facts of a terminal, with what follows from them. */
export interface View extends TerminalFacts {
  day: DayFacts;
  asked: Date;
  pending?: CloseFacts | undefined;
  /** The last close that closed the batch. */
  last?: CloseFacts | undefined;
  /** The last close after which the batch may be another one. */
  latest?: CloseFacts | undefined;
  own?: CloseFacts | undefined;
  /** What the device told of its batch after the last close whose end matters. */
  told?: BatchFacts | undefined;
  sold: boolean;
  empty: boolean;
  /** Attempts since the request. */
  tries: readonly AttemptFacts[];
  retries: boolean;
}

export function viewOf(facts: TerminalFacts, day: DayFacts): View {
  const { closes, batch, attempts } = facts;
  const asked = facts.askedAt ?? day.now;
  const ofDay = closes.filter(({ belongs }) => belongs !== "earlier");
  const last = ofDay.findLast(({ end }) => end === "closed");
  const latest = ofDay.findLast(({ end }) => affectsBatch(end));
  const since = Math.max(...closes.map(({ end, knownAt }) => (affectsBatch(end) ? (knownAt?.getTime() ?? 0) : 0)), 0);
  // What was told by a device that is away counts only as far as it cannot get better.
  const holds = facts.online || facts.shutDown || (batch?.count ?? 0) > 0;
  const told = batch && batch.at.getTime() > since && holds ? batch : undefined;
  const recent = facts.batchNow ?? batch;
  return {
    ...facts,
    day,
    asked,
    pending: closes.findLast(({ end }) => end === "pending"),
    last,
    latest,
    own: closes.findLast(({ end, by, at }) => end === "closed" && by === "closing" && !(facts.again && at < asked)),
    told,
    sold: recent !== undefined && recent.count > 0 && recent.at.getTime() > since && !isOfLaterDay(recent, day, true),
    empty: told !== undefined && (told.count === 0 || isOfLaterDay(told, day, last !== undefined)),
    tries: attempts.filter(({ at }) => at >= asked),
    retries: day.now < day.retryUntil && !day.cancelled,
  };
}

/**
 * Whether the batch began after the day had ended. Where nobody tells when it began, and the day was closed, it is taken for
 * one of the day of now.
 */
function isOfLaterDay({ oldestAt }: BatchFacts, { now, endsAt }: DayFacts, wasClosed: boolean): boolean {
  return oldestAt === undefined ? wasClosed && now >= endsAt : oldestAt >= endsAt;
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
