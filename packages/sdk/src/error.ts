import type { ErrorBody, ErrorCode, ErrorDetail } from "@tillkeeper/contract/http/errors";

/**
 * The code of an answer. `http_error`: the answer is not of a Tillkeeper server, but for example of a proxy. The codes are an
 * open list, because a newer server may have codes that this version does not know.
 */
export type AnswerCode = ErrorCode | "http_error" | (string & {});

interface Answer {
  status: number;
  code: AnswerCode;
  message: string;
  errors: ErrorDetail[];
  retryAfterSeconds: number | undefined;
  requestId: string | undefined;
}

/** An answer that is not a success. When a server does not answer at all, fetch's `TypeError` is thrown instead. */
export class TillkeeperError extends Error {
  override readonly name = "TillkeeperError";
  /** HTTP status. */
  readonly status: number;
  /** The error code, for programs. Each code of the server has one status. */
  readonly code: AnswerCode;
  /** The wrong places in the request, or what prevents it: for example the pending operation of the terminal. */
  readonly errors: ErrorDetail[];
  /** Seconds to wait before the request is sent again, when the server names them. */
  readonly retryAfterSeconds: number | undefined;
  /** The id of the request in the server's log. */
  readonly requestId: string | undefined;

  constructor({ status, code, message, errors, retryAfterSeconds, requestId }: Answer) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
    this.requestId = requestId;
  }
}

/** Makes an error of an answer that is not a success. Its body may be of any form, for example a proxy's page. */
export async function readError(response: Response): Promise<TillkeeperError> {
  const { code, message, errors } = parseErrorBody(await response.text());
  return new TillkeeperError({
    status: response.status,
    code: code ?? "http_error",
    message: message ?? `The server answered ${response.status} ${response.statusText}`.trimEnd(),
    errors: errors ?? [],
    retryAfterSeconds: retryAfter(response.headers.get("retry-after")),
    requestId: response.headers.get("request-id") ?? undefined,
  });
}

/** The error in a body of the server; empty for a body of another form. */
function parseErrorBody(body: string): Partial<ErrorBody["error"]> {
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
