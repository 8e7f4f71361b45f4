import type { ErrorBody, ErrorCode, ErrorDetail } from "@tillkeeper/contract/http/errors";

/**
 * `http_error`: the answer was not one of ours, for example a proxy's. The codes are an open list, because a newer
 * server may have some that this version does not know.
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

/** An answer of the server that is not a success. A server that does not answer at all is fetch's `TypeError` instead. */
export class TillkeeperError extends Error {
  override readonly name = "TillkeeperError";
  /** HTTP status. */
  readonly status: number;
  /** For programs; with each code belongs one status. */
  readonly code: AnswerCode;
  /** The places in the request that are wrong, or what is in its way. */
  readonly errors: ErrorDetail[];
  /** How long to wait before trying again, when the server says so. */
  readonly retryAfterSeconds: number | undefined;
  /** What the operator of the server finds the request by in its log. */
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

/** Reads an answer that is not a success; its body may be anything. */
export async function readError(response: Response): Promise<TillkeeperError> {
  const { code, message, errors } = ourError(await response.text());
  return new TillkeeperError({
    status: response.status,
    code: code ?? "http_error",
    message: message ?? `The server answered ${response.status} ${response.statusText}`.trimEnd(),
    errors: errors ?? [],
    retryAfterSeconds: retryAfter(response.headers.get("retry-after")),
    requestId: response.headers.get("request-id") ?? undefined,
  });
}

function ourError(body: string): Partial<ErrorBody["error"]> {
  try {
    const { error }: Partial<ErrorBody> = JSON.parse(body);
    return typeof error?.code === "string" && typeof error.message === "string" ? error : {};
  } catch {
    return {};
  }
}

/** RFC 9110: whole seconds, or the date to wait for. */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
