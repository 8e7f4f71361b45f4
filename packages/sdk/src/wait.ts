import type { Operation } from "@tillkeeper/contract/http/operations";
import { TillkeeperError } from "./error.ts";
import type { CallOptions } from "./method-types.ts";

export interface WaitOptions {
  /** Milliseconds until it gives up. Default 630 000: no operation is PENDING for longer. */
  timeoutMs?: number;
  /** Milliseconds between two looks. Default 500. */
  pollMs?: number;
  signal?: AbortSignal;
}

export interface Waiting {
  /**
   * Looks until the operation is no longer PENDING. Throws a `DOMException` named `TimeoutError` when it still is after
   * `timeoutMs`, the signal's reason when that aborts, and `TillkeeperError` for what looking again will not cure.
   */
  wait(id: string, options?: WaitOptions): Promise<Operation>;
}

const defaultWaitMs = 630_000;
const defaultPollMs = 500;
/** Too many requests, and the answers of a server or proxy that will be back. */
const passing = new Set([429, 502, 503, 504]);

/** See `Waiting`. */
export function waitForEnd(
  get: (id: string, options: CallOptions) => Promise<Operation>,
  id: string,
  { timeoutMs = defaultWaitMs, pollMs = defaultPollMs, signal: outer }: WaitOptions = {},
): Promise<Operation> {
  return withTimeout(timeoutMs, outer, `Operation ${id} is still PENDING after ${timeoutMs} ms`, (signal) =>
    poll(() => get(id, { signal }), pollMs, signal),
  );
}

async function poll(look: () => Promise<Operation>, pollMs: number, signal: AbortSignal): Promise<Operation> {
  for (;;) {
    let pauseMs = pollMs;
    try {
      const operation = await look();
      if (operation.status !== "PENDING") return operation;
    } catch (error) {
      if (!(error instanceof TillkeeperError) || !passing.has(error.status)) throw error;
      pauseMs = Math.max(pollMs, (error.retryAfterSeconds ?? 0) * 1000);
    }
    await pause(pauseMs, signal);
  }
}

/** Ends early when the signal aborts; its caller looks at the signal next. */
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

/** Ends `work` by its signal, and throws why: the caller's reason, or a `TimeoutError` with this message. */
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
