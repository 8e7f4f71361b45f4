import type { Change, PresenceState, Step } from "./events.ts";

/** However often a device comes and goes, this bounds what the history gets of it, and of one that flaps leaves enough. */
export const mostChangesCounted = 10;
export const countedForMs = 60_000;

/**
 * Puts a change into the history, unless it has had too many of the terminal just now. Then the state remembers it in place
 * of those held back before: the last one gets there in the end, as `since` and `status` tell the rest.
 */
export function withHistory(state: PresenceState, change: Change): Step {
  const counted = state.counted_from !== null && !isCountOver(state, change.at) ? state.changes_counted : 0;
  if (counted >= mostChangesCounted) return { state: { ...state, untold_reason: change.reason } };
  const counted_from = counted === 0 ? change.at : state.counted_from;
  return { state: { ...state, counted_from, changes_counted: counted + 1, untold_reason: null }, change };
}

/** The change that was held back, once it may be told. `settled`: as something else is told that came after it. */
export function untold(state: PresenceState, now: Date, settled: boolean): Change | undefined {
  const { status, since, untold_reason: reason } = state;
  return reason && (settled || isCountOver(state, now)) ? { at: since, status, reason } : undefined;
}

/** In either direction: the clocks of servers differ, and one may have been put back. */
function isCountOver({ counted_from: from }: PresenceState, at: Date): boolean {
  return from === null || Math.abs(at.getTime() - from.getTime()) >= countedForMs;
}
