/** The first and the longest time between two attempts, in milliseconds. */
export interface RetryMs {
  first: number;
  longest: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (0 is the first): doubling from the first time to the longest, then between
 * half and all of it by chance, so that servers which lost the same thing do not come back in step.
 */
export function backoff(attempt: number, { first, longest }: RetryMs, random: () => number = Math.random): number {
  const whole = Math.min(longest, first * 2 ** Math.min(attempt, 30));
  return whole * (0.5 + random() / 2);
}
