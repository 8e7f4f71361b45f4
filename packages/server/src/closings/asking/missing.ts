import { standingOf } from "@tillkeeper/contract/closings/rules";
import type { ClosingRecord } from "../queries.ts";
import { terminalFacts } from "../standing/facts.ts";
import type { Member, Moment } from "../standing/standing.ts";

/** What decides whether a further request asks for a terminal anew. */
export interface Further {
  /** The request asks to close closed terminals again. */
  again: boolean;
  /** It names its terminals. */
  named: boolean;
  /** The end of the running business day. */
  mostUntil: Date;
}

/** Whether a further request asks for the terminal anew. A terminal that is closed, or is being closed, is left alone. */
export function isMissing(
  closing: ClosingRecord,
  { row, standing }: Member,
  { again, named, mostUntil }: Further,
  moment: Moment,
): boolean {
  const { state, reason, step, openAgain } = standing;
  if (state === "failed" || reason === "not_asked") return true;
  if (state === "unknown") return again || step === "send_again_unsure";
  // In a cancelled closing a terminal is tried again only for a further request.
  if (state === "waiting") return closing.cancelled_at !== null;
  if (again && (named || openAgain === true)) return true;
  if (state !== "not_needed" || !closing.ended_at) return false;
  // When the closing ended there was nothing to close. Since then a device may have paired, or sold.
  const facts = terminalFacts({ ...row, frozen: null, asked_at: moment.now, again: false }, moment);
  const day = { now: moment.now, endsAt: closing.day_ends_at, retryUntil: mostUntil, cancelled: false };
  return ["waiting", "failed", "unknown"].includes(standingOf(facts, day).state);
}
