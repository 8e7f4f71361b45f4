import { hourMs, minuteMs } from "../../platform/time-spans.ts";

/** The times between attempts (D25): the first is made at once. */
const waitsMs = [5_000, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 5 * hourMs, 10 * hourMs, 10 * hourMs];

/** How many attempts are made of one event. */
export const attemptsMax = waitsMs.length + 1;

/** Later by a tenth at most, by chance, so that what failed together does not come back together. */
const jitter = 0.1;

/** When the attempt after number `made` is due; undefined: there is none. */
export function nextAttemptAt(made: number, now: Date, random: () => number = Math.random): Date | undefined {
  const wait = waitsMs[made - 1];
  return wait === undefined ? undefined : new Date(now.getTime() + wait * (1 + random() * jitter));
}
