import type { OperationBlocker } from "@tillkeeper/contract/http/error-facts";
import type { ErrorBody, ErrorCode, ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { Operation } from "@tillkeeper/contract/http/operations";

/**
 * What went wrong, for programs: a code of the server, or one of the client's own. `http_error`: the answer is not of a Tillkeeper
 * server, but for example of a proxy. `network_error`: no answer came. `timeout`: none came in time. `operation_failed`: an
 * operation ended FAILED or TIMEOUT. The codes are an open list, because a newer server may have codes that this version does not know.
 */
export type ErrorName = ErrorCode | "http_error" | "network_error" | "timeout" | "operation_failed" | (string & {});

/** What an error is made of. */
export interface ErrorFacts {
  code: ErrorName;
  message: string;
  retryable: boolean;
  status?: number | undefined;
  errors?: ErrorDetail[] | undefined;
  retryAfterSeconds?: number | undefined;
  requestId?: string | undefined;
  cause?: unknown;
}

/**
 * Every error of the client but wrong arguments and the reason of a signal: an answer that is not a success, and the subclasses of this
 * class.
 */
export class TillkeeperError extends Error {
  override readonly name: string = "TillkeeperError";
  /** For programs. Each code of the server has one status. */
  readonly code: ErrorName;
  /** HTTP status; undefined if no answer came. */
  readonly status: number | undefined;
  /** The wrong places in the request, or what prevents it: for example the pending operation of the terminal. */
  readonly errors: ErrorDetail[];
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** Seconds to wait before the request is sent again, when the server names them. */
  readonly retryAfterSeconds: number | undefined;
  /** The id of the request in the server's log. */
  readonly requestId: string | undefined;
  /** The key that the request was sent with. A later call with it does nothing twice. */
  idempotencyKey: string | undefined;

  constructor({ code, message, retryable, status, errors = [], retryAfterSeconds, requestId, cause }: ErrorFacts) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.errors = errors;
    this.retryable = retryable;
    this.retryAfterSeconds = retryAfterSeconds;
    this.requestId = requestId;
  }
}

/** The terminal has another operation (409 `operation_pending`). */
export class TerminalBusyError extends TillkeeperError {
  override readonly name = "TerminalBusyError";
  /** What the terminal is busy with, by whom, and when that is expected to end. */
  get blocker(): OperationBlocker | undefined {
    return this.errors.find(({ blocker }) => blocker)?.blocker;
  }
}

/** No answer came: the server cannot be reached, or the connection broke. `cause` is what `fetch` threw. */
export class ConnectionError extends TillkeeperError {
  override readonly name = "ConnectionError";
}

/** The time that was given to a call is over. */
export class TimeoutError extends TillkeeperError {
  override readonly name = "TimeoutError";
  constructor(message: string) {
    super({ code: "timeout", message, retryable: true });
  }
}

/** An operation ended FAILED or TIMEOUT. The message is the sentence that tells a person what to do. */
export class OperationFailedError extends TillkeeperError {
  override readonly name = "OperationFailedError";
  /** The operation as it ended. */
  readonly operation: Operation;
  /** Why. */
  readonly reason: Operation["reason"];
  /** What to do about it. */
  readonly nextStep: Operation["next_step"];

  constructor(operation: Operation) {
    const { status, reason, retryable = false, next_step_text: text = "" } = operation;
    const message = `The operation ended ${status}${reason ? `, ${reason}` : ""}. ${text}`.trimEnd();
    super({ code: "operation_failed", message, retryable });
    this.operation = operation;
    this.reason = reason;
    this.nextStep = operation.next_step;
  }
}

/** Makes an error of an answer that is not a success. Its body may be of any form, for example a proxy's page. */
export async function readError(response: Response): Promise<TillkeeperError> {
  const { code, message, errors = [] } = parseErrorBody(await response.text());
  const { status, statusText, headers } = response;
  const retryAfterSeconds = retryAfter(headers.get("retry-after"));
  const busy = code === "operation_pending";
  return new (busy ? TerminalBusyError : TillkeeperError)({
    status,
    code: code ?? "http_error",
    message: message ?? `The server answered ${status} ${statusText}`.trimEnd(),
    errors,
    retryable:
      errors.find((place) => place.retryable !== undefined)?.retryable ??
      (retryAfterSeconds !== undefined || isPassingStatus(status)),
    retryAfterSeconds,
    requestId: headers.get("request-id") ?? undefined,
  });
}

/** Whether an answer with this status says that the server cannot do it now. */
export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && !lasting.has(status));
}

/** Not implemented, HTTP version not supported: the same will be answered tomorrow. */
const lasting = new Set([501, 505]);

/** The error in a body of the server; empty for a body of another form. */
function parseErrorBody(body: string): Partial<Omit<ErrorBody["error"], "errors"> & { errors: ErrorDetail[] }> {
  try {
    const { error }: Partial<ErrorBody> = JSON.parse(body);
    return typeof error?.code === "string" && typeof error.message === "string" ? error : {};
  } catch {
    return {};
  }
}

/** The seconds in `Retry-After`, which holds whole seconds or a date (RFC 9110). */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
