import {
  type ErrorBody,
  type ErrorCode,
  type ErrorDetail,
  errorCodes,
  retryAfterSecondsOf,
} from "@tillkeeper/contract/http/errors";

interface ErrorOptions {
  /** The wrong places in the request. */
  errors?: ErrorDetail[];
  /** Seconds until the error may have passed, where more is known than what the contract says of its code. Rounded up. */
  retryAfterSeconds?: number | undefined;
  /** Extra response headers, for example `www-authenticate`. */
  headers?: Record<string, string> & { "retry-after"?: never };
  /** The internal cause; logged, never sent. */
  cause?: unknown;
}

/**
 * The only error type of rules and queries. It has a stable code (which decides the HTTP status, see the contract), a
 * text that is safe for the caller, and a private cause. Only the HTTP error handler turns it into an answer.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly errors: ErrorDetail[];
  /** Whole seconds for which the caller should wait; undefined for errors that do not pass by themselves. */
  readonly retryAfterSeconds: number | undefined;
  /** What stands in the head of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    const seconds = options.retryAfterSeconds ?? retryAfterSecondsOf(code);
    this.retryAfterSeconds = seconds === undefined ? undefined : wholeSeconds(seconds);
    this.headers = {
      ...options.headers,
      ...(this.retryAfterSeconds !== undefined && { "retry-after": String(this.retryAfterSeconds) }),
    };
  }

  get status(): number {
    return errorCodes[this.code].status;
  }

  body(): ErrorBody {
    return { error: { code: this.code, message: this.message, errors: this.errors } };
  }
}

/** The refusal of a request that is wrong in these places. */
export function invalidRequest(...errors: ErrorDetail[]): ApiError {
  return new ApiError("invalid_request", "The request is not valid; see `errors`.", { errors });
}

/** The refusal of a request for an address at which there is nothing, or nothing that the caller may know of. */
export function nothingHere(): ApiError {
  return new ApiError("not_found", "There is nothing at this address; the reference at /docs lists all addresses.");
}

/** The refusal of what concerns the whole account, for a caller who is limited to some of its stores. */
export function outsideStores(cause?: unknown): ApiError {
  return new ApiError("insufficient_scope", "The caller is limited to some stores; this concerns the whole account.", {
    headers: { "www-authenticate": 'Bearer realm="tillkeeper", error="insufficient_scope"' },
    cause,
  });
}

/** The longest wait that an answer asks for. */
const mostSeconds = 3_600;

/** The seconds as `Retry-After` tells them: rounded up, so that a caller who keeps to them is not too early, and never 0. */
function wholeSeconds(seconds: number): number {
  return Math.min(Math.max(1, Math.ceil(seconds)), mostSeconds);
}
