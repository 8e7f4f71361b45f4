import { backoff } from "@tillkeeper/agent/backoff";
import { sleep, systemClock } from "@tillkeeper/agent/clock";
import { DeviceServerError } from "@tillkeeper/agent/credentials/pairing";
import { TillkeeperError } from "@tillkeeper/sdk";
import { isPassingStatus } from "@tillkeeper/sdk/error";

const firstRetryMs = 500;
const longestRetryMs = 15_000;
/** After so many retries the server is given up. */
const mostAttempts = 12;

/**
 * Repeats `work` after a failure that passes: too many requests, or a server that restarts. Throws any other failure, the last
 * one after too many retries, and the signal's reason.
 */
export async function withRetries<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (cause) {
      signal.throwIfAborted();
      const waitMs = retryAfterMs(cause);
      if (waitMs === undefined || attempt >= mostAttempts) throw cause;
      await sleep(systemClock, Math.max(waitMs, backoff(attempt, firstRetryMs, longestRetryMs)), signal);
    }
  }
}

/** The least number of milliseconds to wait before a retry; `undefined` for a failure that a retry does not cure. */
function retryAfterMs(cause: unknown): number | undefined {
  if (cause instanceof TillkeeperError) {
    return cause.status === undefined || isPassingStatus(cause.status)
      ? 1000 * (cause.retryAfterSeconds ?? 0)
      : undefined;
  }
  if (cause instanceof DeviceServerError) return cause.final ? undefined : cause.retryAfterMs;
  // The server gave no answer at all, or none in time.
  const noAnswer = cause instanceof TypeError || (cause instanceof DOMException && cause.name === "TimeoutError");
  return noAnswer ? 0 : undefined;
}

/** Runs `work` on all items, on `width` of them at the same time. The first failure ends it, and is thrown. */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = rest.next(); !next.done && !failed; next = rest.next()) {
      signal.throwIfAborted();
      try {
        await work(next.value);
      } catch (cause) {
        failed = true;
        throw cause;
      }
    }
  };
  // Waits for all workers, so that none is still running when the caller cleans up.
  const ends = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
