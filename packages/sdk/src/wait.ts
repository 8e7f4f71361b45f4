import type { Operation } from "@tillkeeper/contract/http/operations";
import { TillkeeperError } from "./error.ts";
import type { CallOptions } from "./method-types.ts";

/** How long and how often an operation is read. */
export interface WaitOptions {
  /** Milliseconds until the wait ends with an error. Default 630 000: no operation is PENDING for longer. */
  timeoutMs?: number;
  /** Milliseconds between two requests. Default 500. */
  pollMs?: number;
  signal?: AbortSignal;
}

/** The method that waits for the end of an operation. */
export interface WaitMethod {
  /**
   * Reads an operation until it is no longer PENDING. Throws a `DOMException` named `TimeoutError` when it is PENDING after
   * `timeoutMs`, and the signal's reason when the signal aborts. Throws `TillkeeperError` for an answer that a repeated
   * request will not cure.
   */
  wait(id: string, options?: WaitOptions): Promise<Operation>;
}

const defaultWaitMs = 630_000;
const defaultPollMs = 500;
/** Statuses after which a request is repeated: too many requests, or a server or proxy that is away for a while. */
const retriedStatuses = new Set([429, 502, 503, 504]);

/** Implements `WaitMethod.wait` with the method that reads an operation. */
export function waitForEnd(
  get: (id: string, options: CallOptions) => Promise<Operation>,
  id: string,
  { timeoutMs = defaultWaitMs, pollMs = defaultPollMs, signal: outer }: WaitOptions = {},
): Promise<Operation> {
  return withTimeout(timeoutMs, outer, `Operation ${id} is still PENDING after ${timeoutMs} ms`, (signal) =>
    poll(() => get(id, { signal }), pollMs, signal),
  );
}

async function poll(read: () => Promise<Operation>, pollMs: number, signal: AbortSignal): Promise<Operation> {
  for (;;) {
    let pauseMs = pollMs;
    try {
      const operation = await read();
      if (operation.status !== "PENDING") return operation;
    } catch (error) {
      if (!(error instanceof TillkeeperError) || !retriedStatuses.has(error.status)) throw error;
      pauseMs = Math.max(pollMs, (error.retryAfterSeconds ?? 0) * 1000);
    }
    await pause(pauseMs, signal);
  }
}

/** Waits, and ends early when the signal aborts; the caller checks the signal next. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

/** Aborts `work` after `ms`. Throws the reason of its signal: the caller's, or a `TimeoutError` with this message. */
async function withTimeout<T>(
  ms: number,
  outer: AbortSignal | undefined,
  message: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException(message, "TimeoutError")), ms);
  const signal = outer ? AbortSignal.any([outer, late.signal]) : late.signal;
  try {
    signal.throwIfAborted();
    return await work(signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
