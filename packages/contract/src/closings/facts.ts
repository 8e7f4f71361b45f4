import type { OperationReason } from "../operation-reasons.ts";
import type { TerminalStatus } from "../terminal-status.ts";
import type { CloseEnd } from "./close-end.ts";

/** A close of a terminal that matters to a business day, oldest first in lists. Times are business time. */
export interface CloseFacts {
  /** The operation's id. */
  id: string;
  /** When it was accepted, or begun at the terminal. */
  at: Date;
  /** Since when its end is known; null while it is not. */
  knownAt: Date | null;
  end: CloseEnd;
  reason?: OperationReason | undefined;
  /** The host did not confirm it. */
  unconfirmed?: boolean;
  /** Where it came from: this closing, the terminal itself, or another request. */
  by: "closing" | "terminal" | "other";
  /** It belongs to the closing's day, closed a day before it, or came after the day had ended. */
  belongs: "earlier" | "day" | "later";
}

/** One try of a closing to close a terminal. */
export interface AttemptFacts {
  at: Date;
  /** Its operation, once it was accepted. */
  close?: string | undefined;
  /** Why no operation came of it. */
  refused?: AttemptRefusal | undefined;
}

/**
 * Why no operation came of an attempt. close_moved: another close had been told meanwhile. not_allowed: the terminal's status
 * does not accept it. unsupported: its device cannot do it. gone: the terminal was deleted. cancelled: the closing was.
 */
export const attemptRefusals = ["close_moved", "not_allowed", "unsupported", "gone", "cancelled"] as const;
export type AttemptRefusal = (typeof attemptRefusals)[number];

/** What a device told of its open batch. */
export interface BatchFacts {
  count: number;
  /** The time of its first transaction, never after `at`. */
  oldestAt?: Date | undefined;
  /** When the server heard it. */
  at: Date;
}

/** All that decides where a terminal stands in a closing. */
export interface TerminalFacts {
  status: TerminalStatus;
  /** It belongs to the closing's store. */
  here: boolean;
  /** It is connected, as far as its presence tells. */
  online: boolean;
  /** It said goodbye when it was switched off, and has not been back since. */
  shutDown: boolean;
  /** Another operation than a close is under way. */
  busy: boolean;
  closes: readonly CloseFacts[];
  attempts: readonly AttemptFacts[];
  /** Of its present device. */
  batch?: BatchFacts | undefined;
  /** The same as it is now, where the other facts are those of the closing's end. */
  batchNow?: BatchFacts | undefined;
  /** Of the device before, when that was replaced with transactions in its batch after which no close came. */
  formerBatch?: BatchFacts | undefined;
  /** When a request last asked for this terminal; null if none did. */
  askedAt: Date | null;
  /** That request asked to close it again. */
  again: boolean;
}

/** The business day of a closing, and how long it goes on. */
export interface DayFacts {
  now: Date;
  /** The first instant of the next day. */
  endsAt: Date;
  retryUntil: Date;
  cancelled: boolean;
  /** It has ended, and `now` is when. */
  ended?: boolean;
}
