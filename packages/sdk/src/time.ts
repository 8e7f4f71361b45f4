/** Waits. Throws the signal's reason when it aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    function abort() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
  });
}

/** Waits for `work` until the signal aborts, and leaves `work` running: a token's renewal serves other calls, too. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    signal.addEventListener("abort", end);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    if (signal.aborted) end();
  });
}

/** A time limit: its signal aborts after `ms` unless `met` was called. `passed` tells whether it did. */
export function limit(ms: number | undefined): { signal: AbortSignal; passed: () => boolean; met: () => void } {
  const late = new AbortController();
  const timer = ms === undefined ? undefined : setTimeout(() => late.abort(), Math.min(ms, longestTimerMs));
  return { signal: late.signal, passed: () => late.signal.aborted, met: () => clearTimeout(timer) };
}

/** A timer of more milliseconds would end at once. */
const longestTimerMs = 2 ** 31 - 1;
