import { type ErrorBody, type ErrorCode, type ErrorDetail, errorCodes } from "@tillkeeper/contract/http/errors";

interface ErrorOptions {
  /** The wrong places in the request. */
  errors?: ErrorDetail[];
  /** Extra response headers, for example `retry-after`. */
  headers?: Record<string, string>;
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
  readonly headers: Record<string, string>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return errorCodes[this.code].status;
  }

  body(): ErrorBody {
    return { error: { code: this.code, message: this.message, errors: this.errors } };
  }
}
