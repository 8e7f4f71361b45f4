import type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
import type { Nouns } from "./endpoint-table.ts";
import { OperationFailedError, TillkeeperError, TimeoutError } from "./error.ts";
import { atLeast, isPassing } from "./retries.ts";
import { limit, pause } from "./time.ts";

/** How long the end of an operation is waited for. */
export interface WaitOptions {
  /** Milliseconds until the wait ends with an error. Default 630 000: no operation is PENDING for longer. */
  timeoutMs?: number | undefined;
  /** Milliseconds between two requests of which the server did not hold the answer back until the end. Default 1 000. */
  pollMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** How an operation is sent and its end waited for. */
export interface RunOptions extends WaitOptions {
  /** A UUID that names this operation, for a program that may be started again in between. Left out: the client makes one. */
  idempotencyKey?: string | undefined;
  /** Waits while the terminal has another operation. Without it the call throws `TerminalBusyError`. */
  waitWhenBusy?: boolean | undefined;
}

/** An operation of this kind that did what was asked for. */
export type Completed<Kind extends Operation["operation"]> = Extract<Operation, { operation: Kind }> & {
  status: "COMPLETED";
  result: NonNullable<Extract<Operation, { operation: Kind }>["result"]>;
};

/** Methods about operations that take more than one request. */
export interface OperationMethods {
  /**
   * Waits until an operation is no longer PENDING, and gives it. The server holds the answer back until then, so
   * that the end is known at once; a server that is away for a while does not end the wait. Throws `TimeoutError` when it is PENDING after
   * `timeoutMs`, the signal's reason when that aborts, and `TillkeeperError` for an answer that a repeated request will not cure.
   */
  wait(id: string, options?: WaitOptions): Promise<Operation>;
  /**
   * Sends an operation, waits for its end and gives it when it is COMPLETED. Throws `OperationFailedError` when it ended FAILED or
   * TIMEOUT; and as `create` and `wait` do.
   */
  run<Kind extends Operation["operation"]>(
    body: OperationCreate & { operation: Kind },
    options?: RunOptions,
  ): Promise<Completed<Kind>>;
}

const usual = { timeoutMs: 630_000, pollMs: 1_000 };
/** Seconds that the server holds an answer back. Proxies cut a connection on which nothing comes for 30 or 60 seconds. */
const heldSeconds = 20;

/** Makes the methods, by those that create and read an operation. */
export function operationMethods({ create, get }: Pick<Nouns["operations"], "create" | "get">): OperationMethods {
  const wait = (id: string, options: WaitOptions = {}): Promise<Operation> => {
    const { timeoutMs = usual.timeoutMs, pollMs = usual.pollMs } = options;
    const message = `Operation ${id} is still PENDING after ${timeoutMs} ms`;
    return within({ ...options, timeoutMs }, message, (signal) =>
      readUntil(
        () => get.withResponse(id, { signal, waitSeconds: heldSeconds, timeoutMs }),
        ({ status }) => status !== "PENDING",
        // An answer that was held back as long as was asked for was the pause.
        { pauseMs: ({ headers }) => (headers.has("preference-applied") ? 0 : pollMs), leastPauseMs: pollMs, signal },
      ),
    );
  };
  return {
    wait,
    run: async <Kind extends Operation["operation"]>(
      body: OperationCreate & { operation: Kind },
      options: RunOptions = {},
    ) => {
      const { timeoutMs = usual.timeoutMs, signal, idempotencyKey, waitWhenBusy } = options;
      const endsAt = performance.now() + timeoutMs;
      const accepted = await create(body, {
        signal,
        timeoutMs,
        idempotencyKey,
        waitWhenBusy,
        waitSeconds: heldSeconds,
      });
      const isPending = accepted.status === "PENDING";
      const left = Math.max(1, Math.round(endsAt - performance.now()));
      const ended = isPending ? await wait(accepted.id, { ...options, timeoutMs: left }) : accepted;
      if (ended.status !== "COMPLETED") throw new OperationFailedError(ended);
      return ended as Completed<Kind>;
    },
  };
}

interface Reading {
  /** Milliseconds from this answer to the next request. */
  pauseMs: (answer: { headers: Headers }, tookMs: number) => number;
  /** The pause after a failure is as long at least. */
  leastPauseMs: number;
  signal: AbortSignal;
}

/** Reads something until it is done, of which each reading is asked. Goes on after failures that pass; the signal ends it. */
export async function readUntil<T>(
  read: () => Promise<{ body: T; headers: Headers }>,
  isDone: (found: T) => boolean,
  { pauseMs, leastPauseMs, signal }: Reading,
): Promise<T> {
  for (let failures = 0; ; ) {
    const askedAt = performance.now();
    const answer = await read().catch((error: unknown) => {
      signal.throwIfAborted();
      if (!(error instanceof TillkeeperError) || !isPassing(error)) throw error;
      return error;
    });
    let nextMs: number;
    if (answer instanceof TillkeeperError) {
      nextMs = Math.max(leastPauseMs, atLeast(answer.retryAfterSeconds ?? 0, failures));
      failures += 1;
    } else {
      if (isDone(answer.body)) return answer.body;
      failures = 0;
      nextMs = pauseMs(answer, performance.now() - askedAt);
    }
    await pause(nextMs, signal);
  }
}

/** Aborts `work` after a time. Throws the reason of its signal: the caller's, or a `TimeoutError` with this message. */
async function within<T>(
  { timeoutMs, signal: outer }: { timeoutMs: number; signal?: AbortSignal | undefined },
  message: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = limit(timeoutMs);
  try {
    outer?.throwIfAborted();
    return await work(outer ? AbortSignal.any([outer, late.signal]) : late.signal);
  } catch (error) {
    outer?.throwIfAborted();
    if (late.passed()) throw new TimeoutError(message);
    throw error;
  } finally {
    late.met();
  }
}
