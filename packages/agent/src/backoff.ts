/**
 * Milliseconds to wait before attempt `attempt` (0 is the first): doubling from `firstMs` up to `longestMs`,
 * then between half and all of that by chance, so that a fleet that lost its broker does not return in step.
 */
export function backoff(attempt: number, firstMs: number, longestMs: number, random: () => number = Math.random) {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return whole * (0.5 + random() / 2);
}

/** Milliseconds to leave the broker alone when it asks for room, and another device that has come as this one. */
export const standBackMs = { first: 5_000, longest: 60_000 };
/** A link that lived this long was left in peace: it outlived the other device's pause. */
export const peacefulMs = 2 * standBackMs.longest;
