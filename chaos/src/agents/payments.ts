import { setTimeout as sleep } from "node:timers/promises";

const everyMs = 20_000;
const takesMs = 1_500;

/**
 * Returns the agent option `payments`: a payment of 1.5 s every 20 s, at a random offset for each terminal. The agent
 * checks it before it begins an operation, and fails or waits as `when_busy` says.
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
