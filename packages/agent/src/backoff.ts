/**
 * Milliseconds to wait before attempt `attempt` (0 is the first). The pause doubles from `firstMs` up to `longestMs`. A
 * random share of it is returned, from half to all: a fleet that lost its broker must not return in step.
 */
export function backoff(attempt: number, firstMs: number, longestMs: number, random: () => number = Math.random) {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return whole * (0.5 + random() / 2);
}

/**
 * Milliseconds to stay away from a broker that is busy, and after a takeover by another device with the same address.
 */
export const takeoverPauseMs = { first: 5_000, longest: 60_000 };
/** A connection that lived this long had no takeover: it outlived the pause of a second device with its address. */
export const takeoverFreeMs = 2 * takeoverPauseMs.longest;
