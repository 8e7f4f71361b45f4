import { backoff } from "@tillkeeper/agent/backoff";
import { sleep, systemClock } from "@tillkeeper/agent/clock";
import { DeviceServerError } from "@tillkeeper/agent/credentials/pairing";
import { TillkeeperError } from "@tillkeeper/sdk";

const firstRetryMs = 500;
const longestRetryMs = 15_000;
/** A server that is away for longer than this, attempt after attempt, is not waited for. */
const mostAttempts = 12;

/** Tries again what was refused for now: too many requests, a server that restarts. Throws the signal's reason. */
export async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (cause) {
      signal.throwIfAborted();
      const waitMs = passesIn(cause);
      if (waitMs === undefined || attempt >= mostAttempts) throw cause;
      await sleep(systemClock, Math.max(waitMs, backoff(attempt, firstRetryMs, longestRetryMs)), signal);
    }
  }
}

const passing = new Set([429, 502, 503, 504]);

/** Milliseconds to wait at least; `undefined` when waiting does not help. */
function passesIn(cause: unknown): number | undefined {
  if (cause instanceof TillkeeperError) {
    return passing.has(cause.status) ? 1000 * (cause.retryAfterSeconds ?? 0) : undefined;
  }
  if (cause instanceof DeviceServerError) return cause.final ? undefined : cause.retryAfterMs;
  // No answer at all, or none in time.
  const noAnswer = cause instanceof TypeError || (cause instanceof DOMException && cause.name === "TimeoutError");
  return noAnswer ? 0 : undefined;
}

/** Does so much at once, and no more; the first failure ends it. */
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
  // All of them, so that nothing goes on behind the back of whoever cleans up.
  const ends = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
