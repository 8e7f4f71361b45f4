import type { DayFacts } from "./facts.ts";
import type { ClosingReason, ClosingStep, ClosingTerminalState } from "./states.ts";
import type { View } from "./view.ts";

/** Where a terminal stands in a closing, and what the server does next. */
export interface Standing {
  /** The row of the table that applies. */
  rule: string;
  state: ClosingTerminalState;
  reason?: ClosingReason | undefined;
  step?: ClosingStep | undefined;
  /** The id of the close that decides. */
  close?: string | undefined;
  /** It was closed, or had nothing to close, and sold since. */
  openAgain?: true;
  /**
   * plan: a further attempt is to be written down. send: an attempt that was written down is to be sent. A time: when to look
   * again. Absent: nothing is to be done.
   */
  next?: "plan" | "send" | Date;
  /** While waiting: it goes on without a person, within a minute or so. */
  moving?: true;
}

/** A row of the table. */
export interface Rule {
  rule: string;
  applies: (view: View) => boolean;
  stands: (view: View) => Omit<Standing, "rule">;
}

const second = 1_000;
/** How long the server waits before it looks, or tries, again. */
export const pauses = {
  /** Its end is told, and looked at then; this is for what was not told. */
  underWay: 30 * second,
  away: 10 * second,
  busy: 2 * second,
  soon: second,
  notReady: 10 * second,
  busy_payment: 20 * second,
  host_unreachable: 60 * second,
  unanswered: 10 * second,
  /** A device that tells its batch does so within a second after a close; it is waited for so long. */
  batchAfterClose: 10 * second,
};
/** The time so long after now. */
export function after({ now }: DayFacts, ms: number): Date {
  return new Date(now.getTime() + ms);
}
