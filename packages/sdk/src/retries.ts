import { ConnectionError, isPassingStatus, TillkeeperError, TimeoutError } from "./error.ts";
import { limit, pause } from "./time.ts";

const firstMs = 500;
const longestMs = 8_000;
/** By how much a wait that the server names is lengthened at most, so that not all clients come back at once. */
const spread = 0.1;

/** How long and how often a call is tried. */
export interface Patience {
  /** A second arrival of the request does nothing more than the first. */
  safe: boolean;
  maxRetries: number;
  /** Whether to wait for the end of what a terminal is busy with; that does not count as a repetition. */
  waitWhenBusy: boolean;
  signal: AbortSignal | undefined;
  /** Milliseconds of one attempt, and of all together; undefined: as long as it takes. */
  attemptMs: number | undefined;
  callMs: number | undefined;
}

/** How an attempt failed. Anything else that an attempt throws ends the call. */
export class Failed extends Error {
  readonly error: TillkeeperError;
  /** The request cannot have reached the server: there was no token, or no connection. */
  readonly unsent: boolean;

  constructor(error: TillkeeperError, unsent = false) {
    super();
    this.error = error;
    this.unsent = unsent;
  }
}

/**
 * Tries until an attempt succeeds. Throws the error of the last attempt when it is not to be repeated or the time does not suffice,
 * and the signal's reason when that aborts.
 */
export async function repeatedly<T>(patience: Patience, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { attemptMs, callMs, signal } = patience;
  const endsAt = callMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + callMs;
  for (let repeated = 0; ; ) {
    signal?.throwIfAborted();
    const leftMs = endsAt - performance.now();
    const isLast = leftMs < (attemptMs ?? Number.POSITIVE_INFINITY);
    const failed = await attemptWithin(isLast ? leftMs : attemptMs, signal, attempt);
    if (!(failed instanceof Failed)) return failed.result;
    const { error } = failed;
    const waitMs = pauseAfter(failed, patience, repeated);
    // A wait that would end too late is not begun.
    if (waitMs === undefined || performance.now() + waitMs >= endsAt) throw error;
    if (!isBusy(error, patience)) repeated += 1;
    await pause(waitMs, signal);
  }
}

/** One attempt with its time limit. Returns its failure; throws the signal's reason, and what no repetition cures. */
async function attemptWithin<T>(
  ms: number | undefined,
  outer: AbortSignal | undefined,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<Failed | { result: T }> {
  const late = limit(ms);
  try {
    return { result: await attempt(outer ? AbortSignal.any([outer, late.signal]) : late.signal) };
  } catch (error) {
    outer?.throwIfAborted();
    if (late.passed()) return new Failed(new TimeoutError(`No answer came within ${Math.round(ms ?? 0)} ms`));
    return error instanceof Failed ? error : connectionFailure(error);
  } finally {
    late.met();
  }
}

/**
 * The milliseconds to wait before a call is sent again; undefined if it is not. A request whose repetition could do something
 * twice, a POST without an idempotency key, is sent again only if the first one was surely not carried out.
 */
function pauseAfter({ error, unsent }: Failed, patience: Patience, repeated: number): number | undefined {
  const { retryAfterSeconds = 0 } = error;
  if (isBusy(error, patience)) return atLeast(retryAfterSeconds, 0);
  if (repeated >= patience.maxRetries || !isPassing(error)) return undefined;
  if (!patience.safe && !unsent && error.status !== 429) return undefined;
  return atLeast(retryAfterSeconds, repeated);
}

function isBusy({ status, retryAfterSeconds }: TillkeeperError, { waitWhenBusy }: Patience): boolean {
  return waitWhenBusy && status === 409 && retryAfterSeconds !== undefined;
}

/** Whether an error is of a kind that passes: no answer, or one that says that the server cannot do it now. */
export function isPassing({ status, code }: TillkeeperError): boolean {
  if (status === undefined) return code === "network_error" || code === "timeout";
  return isPassingStatus(status);
}

/** Doubles with each repetition, with a random part; at least as long as the server says. */
export function atLeast(seconds: number, repeated: number): number {
  const backoff = Math.min(longestMs, firstMs * 2 ** repeated) * (0.5 + Math.random() / 2);
  return Math.max(backoff, seconds * 1000 * (1 + spread * Math.random()));
}

/** Node's codes of errors that come before anything was sent. Browsers tell no code. */
const unsentCodes = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** Wraps what `fetch` threw, or the reading of an answer. */
export function connectionFailure(cause: unknown): Failed {
  if ((cause as Partial<Error>)?.name === "TimeoutError") return new Failed(new TimeoutError("No answer came in time"));
  const { cause: inner } = cause as { cause?: { code?: string; message?: string } };
  const why = inner?.message || inner?.code || (cause instanceof Error ? cause.message : String(cause));
  const message = `No answer came from the server: ${why}`;
  const error = new ConnectionError({ code: "network_error", message, retryable: true, cause });
  return new Failed(error, inner?.code !== undefined && unsentCodes.has(inner.code));
}
