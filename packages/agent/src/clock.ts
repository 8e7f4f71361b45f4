/** Where the agent gets time from, so that tests can stand at any instant. All values are milliseconds. */
export interface Clock {
  /** Wall clock, since the Unix epoch. May be wrong and may jump. */
  now(): number;
  /** Never jumps; only differences mean something. */
  monotonic(): number;
  /** Calls `action` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason as soon as the signal is aborted. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(Math.max(0, delayMs), () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** RFC 3339 with milliseconds, as every message carries it. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
