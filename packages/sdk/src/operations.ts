import type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
import type { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import { TillkeeperError } from "./error.ts";
import { nextPage } from "./next-page.ts";
import type { Transport } from "./transport.ts";

export interface SentOperation {
  operation: Operation;
  /** The server had accepted this request before, under the same idempotency key, and gives the same answer again. */
  replayed: boolean;
  requestId: string | undefined;
}

export interface OperationFilter {
  terminal_id?: string;
  operation_id?: string;
  store_id?: string;
  operation?: OperationName;
  status?: OperationStatus;
  /** RFC 3339, both ends included. */
  "created_at.gte"?: string;
  "created_at.lte"?: string;
  /** 1-100, default 100. */
  limit?: number;
  starting_after?: string;
}

export interface OperationPage {
  operations: Operation[];
  /** Pass it on to get the next page; absent on the last. */
  starting_after?: string;
}

export interface WaitOptions {
  /** Milliseconds until it gives up. Default 630 000: no operation is PENDING for longer. */
  timeoutMs?: number;
  /** Milliseconds between two looks. Default 500. */
  pollMs?: number;
  signal?: AbortSignal;
}

export interface Operations {
  /** Sends a command to a terminal; answers the PENDING operation. With a key (a UUID) it may be repeated safely. */
  send(body: OperationCreate, options?: { idempotencyKey?: string }): Promise<SentOperation>;
  /** One page, newest first. */
  list(filter?: OperationFilter): Promise<OperationPage>;
  get(id: string, options?: { signal?: AbortSignal }): Promise<Operation>;
  /**
   * Asks for an operation to be given up. `ended`: it is FAILED, `cancelled`; otherwise its terminal is being asked, and
   * `wait` tells what comes of it. Throws `TillkeeperError` `operation_ended` when there is nothing left to cancel.
   */
  cancel(id: string): Promise<{ operation: Operation; ended: boolean }>;
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

/** The operations of the account, at the base that names it. */
export function createOperations(transport: Transport): Operations {
  const base = ["payments", "admin", "terminals", "operations"];

  const get: Operations["get"] = async (id, { signal } = {}) => {
    const { body } = await transport.call<Operation>({ method: "GET", path: transport.pathOf(...base, id), signal });
    return body;
  };

  return {
    get,
    send: async (body, { idempotencyKey } = {}) => {
      const { body: operation, headers } = await transport.call<Operation>({
        method: "POST",
        path: transport.pathOf(...base),
        body,
        ...(idempotencyKey !== undefined && { headers: { "idempotency-key": idempotencyKey } }),
      });
      return {
        operation,
        replayed: headers.get("idempotent-replayed") === "true",
        requestId: headers.get("request-id") ?? undefined,
      };
    },
    list: async (filter = {}) => {
      const { body, headers } = await transport.call<Operation[]>({
        method: "GET",
        path: transport.pathOf(...base),
        query: { ...filter },
      });
      const next = nextPage(headers.get("link"));
      return { operations: body, ...(next !== undefined && { starting_after: next }) };
    },
    cancel: async (id) => {
      const path = transport.pathOf(...base, id, "cancel");
      const { body: operation } = await transport.call<Operation>({ method: "POST", path });
      return { operation, ended: operation.status !== "PENDING" };
    },
    wait: (id, { timeoutMs = defaultWaitMs, ...options } = {}) =>
      withTimeout(timeoutMs, options.signal, `Operation ${id} is still PENDING after ${timeoutMs} ms`, (signal) =>
        poll((id_) => get(id_, { signal }), id, options.pollMs ?? defaultPollMs, signal),
      ),
  };
}

async function poll(
  look: (id: string) => Promise<Operation>,
  id: string,
  pollMs: number,
  signal: AbortSignal,
): Promise<Operation> {
  for (;;) {
    let pauseMs = pollMs;
    try {
      const operation = await look(id);
      if (operation.status !== "PENDING") return operation;
    } catch (error) {
      if (!(error instanceof TillkeeperError) || !passing.has(error.status)) throw error;
      pauseMs = Math.max(pollMs, (error.retryAfterSeconds ?? 0) * 1000);
    }
    await pause(pauseMs, signal);
  }
}

/** Ends early when the signal aborts; whoever sleeps looks at the signal next. */
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
