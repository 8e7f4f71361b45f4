import { stepAfter } from "../next-steps.ts";
import type { OperationReason } from "../operation-reasons.ts";
import { after, pauses, type Rule, type Standing } from "./standing.ts";
import type { ClosingReason, ClosingStep } from "./states.ts";
import { lastReason, lastTry, type View } from "./view.ts";

const minuteMs = 60_000;
/** So often in a row an attempt is made again at once, because another close had come between. */
const mostOutOfStep = 4;
/**
 * Where the time for attempts is over, one is made all the same if the request, or what was written down, is not older than this:
 * no server that comes back the next day closes what was sold since.
 */
const triedWithinMs = 5 * minuteMs;
/** So many attempts follow one request at most. */
const mostAttempts = 200;

/**
 * The terminal is not closed, and a person or a further request has to do something. While the terminal has not answered an
 * earlier close, it is `unknown` whether it is closed.
 */
const failed = (
  { unanswered }: View,
  reason: ClosingReason,
  step: ClosingStep,
  close?: string,
): Omit<Standing, "rule"> =>
  unanswered
    ? { state: "unknown", reason: unanswered.reason ?? "no_answer", step: "send_again_unsure", close: unanswered.id }
    : { state: "failed", reason, step, ...(close !== undefined && { close }) };

/** Reasons of FAILED after which the server tries again by itself, and how long it waits before. */
const retried: Partial<Record<OperationReason, { pauseMs: number; step: ClosingStep }>> = {
  busy_payment: { pauseMs: pauses.busy_payment, step: "finish_payment" },
  host_unreachable: { pauseMs: pauses.host_unreachable, step: "wait" },
  expired: { pauseMs: 0, step: "wait" },
  unreachable: { pauseMs: 0, step: "bring_back" },
};

/** Whether the last attempt is written down, and nothing came of it yet. */
function isUnsent(view: View): boolean {
  const { attempt } = lastTry(view);
  return attempt !== undefined && attempt.close === undefined && attempt.refused === undefined;
}

/** Whether the time for attempts is over, and the request, or the attempt that was written down for it, is old. */
function isTooLate({ retries, tries, day, asked }: View): boolean {
  return !retries && day.now.getTime() - (tries.at(-1)?.at ?? asked).getTime() >= triedWithinMs;
}

/** Whether its new batch is waited for. A clock that was set back must not make that long. */
function isAboutToTell({ closedUntold, day }: View): boolean {
  if (!closedUntold) return false;
  const sinceMs = day.now.getTime() - closedUntold.getTime();
  return sinceMs >= 0 && sinceMs < pauses.batchAfterClose;
}

/** It is to be closed: what became of the attempts so far, and whether a further one can be made. */
export const attempts: readonly Rule[] = [
  {
    rule: "its time was over before an attempt was sent",
    applies: (view) => isUnsent(view) && !view.day.cancelled && isTooLate(view),
    stands: (view) => failed(view, "expired", "close_the_day"),
  },
  {
    rule: "an attempt is to be sent",
    applies: (view) => isUnsent(view) && !view.day.cancelled,
    stands: (view) =>
      view.busy && !view.retries
        ? failed(view, "busy", "close_the_day")
        : {
            state: "waiting",
            reason: view.busy ? "busy" : "closing",
            step: "wait",
            next: view.busy ? after(view.day, pauses.busy) : "send",
            moving: true,
          },
  },
  {
    rule: "its device cannot close",
    applies: (view) => lastTry(view).attempt?.refused === "unsupported",
    stands: (view) => failed(view, "unsupported", "update_terminal"),
  },
  {
    rule: "it was deleted before the attempt",
    applies: (view) => lastTry(view).attempt?.refused === "gone",
    stands: () => ({ state: "not_needed", reason: "deleted" }),
  },
  {
    rule: "the host declined its close",
    applies: (view) => lastTry(view).close?.end === "declined",
    stands: (view) => failed(view, "declined", "close_the_day", lastTry(view).close?.id),
  },
  {
    rule: "closes came between again and again",
    applies: ({ tries, closes, day }) =>
      tries.length >= mostOutOfStep &&
      tries.slice(-mostOutOfStep).every(
        ({ refused, close, at }) =>
          (refused === "close_moved" || closes.find(({ id }) => id === close)?.reason === "out_of_step") &&
          // A terminal that goes on selling and closing by hand is tried again later.
          day.now.getTime() - at.getTime() < minuteMs,
      ),
    stands: (view) => failed(view, "out_of_step", "read_last_close", lastTry(view).close?.id),
  },
  {
    rule: "its close failed, and a person has to look",
    applies: (view) => {
      const { close } = lastTry(view);
      const reason = close?.reason;
      return close?.end === "not_closed" && reason !== "out_of_step" && (reason === undefined || !retried[reason]);
    },
    stands: (view) => {
      const reason = lastReason(view) ?? "device_error";
      return failed(view, reason, stepAfter("end_of_day", reason), lastTry(view).close?.id);
    },
  },
  {
    rule: "the closing was cancelled",
    applies: ({ day }) => day.cancelled,
    stands: (view) => failed(view, "cancelled", "close_the_day"),
  },
  {
    rule: "its close was not answered, and the time for attempts is over",
    applies: (view) => lastTry(view).close?.end === "unanswered" && !view.retries,
    stands: (view) => ({
      state: "unknown",
      reason: lastReason(view),
      step: "send_again_unsure",
      close: lastTry(view).close?.id,
    }),
  },
  {
    rule: "its last close failed, and the time for attempts is over",
    applies: (view) =>
      lastTry(view).close?.end === "not_closed" &&
      lastReason(view) !== "out_of_step" &&
      (!view.retries || view.tries.length >= mostAttempts),
    stands: (view) => {
      const reason = lastReason(view) ?? "device_error";
      return failed(view, reason, stepAfter("end_of_day", reason), lastTry(view).close?.id);
    },
  },
  {
    rule: "it has no configuration yet",
    applies: ({ status }) => status === "ACTION_REQUIRED",
    stands: (view) =>
      view.retries
        ? {
            state: "waiting",
            reason: "not_ready",
            step: "fetch_configuration_first",
            next: after(view.day, pauses.notReady),
          }
        : failed(view, "not_ready", "fetch_configuration"),
  },
  {
    rule: "it is not connected",
    applies: ({ online }) => !online,
    stands: (view) =>
      view.retries
        ? {
            state: "waiting",
            reason: "away",
            step: "bring_back",
            close: lastTry(view).close?.id,
            next: after(view.day, pauses.away),
          }
        : failed(view, "unreachable", "switch_on", lastTry(view).close?.id),
  },
  {
    rule: "it is busy with another operation",
    applies: ({ busy }) => busy,
    stands: (view) =>
      view.retries
        ? { state: "waiting", reason: "busy", step: "wait", next: after(view.day, pauses.busy), moving: true }
        : failed(view, "busy", "close_the_day"),
  },
  {
    rule: "its last close ended just now, and the next attempt waits",
    applies: (view) => pausedUntil(view) > view.day.now,
    stands: (view) => {
      const reason = lastReason(view);
      return {
        state: "waiting",
        reason: reason ?? "closing",
        step: (reason && retried[reason]?.step) ?? "wait",
        close: lastTry(view).close?.id,
        next: pausedUntil(view),
        moving: true,
      };
    },
  },
  {
    // It may be empty: a second request, sent right after the first, must not close it for the next day.
    rule: "it was closed a moment ago, and is about to tell its batch",
    applies: (view) => !view.day.ended && isAboutToTell(view),
    stands: (view) => ({
      state: "waiting",
      reason: "closing",
      step: "wait",
      next: after(view.day, pauses.soon),
      moving: true,
    }),
  },
  {
    rule: "its time was over before it was tried",
    applies: (view) => view.tries.length === 0 && isTooLate(view),
    stands: (view) => failed(view, "expired", "close_the_day"),
  },
  {
    rule: "it can be closed",
    applies: () => true,
    stands: () => ({ state: "waiting", reason: "closing", step: "wait", next: "plan", moving: true }),
  },
];

/** Until when no further attempt is made, because the last one has just ended. */
function pausedUntil(view: View): Date {
  const { close } = lastTry(view);
  const pauseMs =
    close?.end === "unanswered" ? pauses.unanswered : ((close?.reason && retried[close.reason]?.pauseMs) ?? 0);
  return new Date((close?.knownAt ?? view.asked).getTime() + pauseMs);
}
