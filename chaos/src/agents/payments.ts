import { setTimeout as sleep } from "node:timers/promises";

const everyMs = 20_000;
const takesMs = 1_500;

/**
 * A customer pays for a moment every now and then, each terminal's at another time. The agent asks before it begins
 * anything, and fails or waits as `when_busy` says. What this answers is part of an agent's options.
 */
export function withPayments(now: () => number = Date.now) {
  const offsetMs = Math.random() * everyMs;
  const restMs = () => takesMs - ((now() + offsetMs) % everyMs);
  const payments = {
    underWay: () => restMs() > 0,
    over: (signal: AbortSignal) => sleep(Math.max(0, restMs()), undefined, { signal }),
  };
  return { payments };
}
