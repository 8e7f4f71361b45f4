import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { DeviceReason } from "@tillkeeper/contract/operation-reasons";
import type { OperationResults } from "@tillkeeper/contract/operations";
import { backoff } from "../backoff.ts";
import { sleep, systemClock } from "../clock.ts";
import type { Completed, Failed, HandlerContext, Operation } from "../operations/operation.ts";
import { deviceError } from "../operations/outcome.ts";
import { fetchWithStallLimit, type StallLimitOptions } from "./stall-limit-fetch.ts";

/**
 * A log: its bytes, or a function that reads them from the beginning at each call. The log is read once for the digest
 * and once for each try, and must be the same each time. While the log grows, the function must return the part that
 * was there first.
 */
export type LogContent = Uint8Array | (() => AsyncIterable<Uint8Array>);

type Context = Pick<HandlerContext<unknown>, "signal" | "cancelled" | "serverNow">;

/** `stallMs`: milliseconds without progress after which a request is aborted; left out, 10 000. */
export type LogUploadOptions = StallLimitOptions;

/** Left of the window for the result to reach the server. */
const marginMs = 1_000;
const pauseMs = { first: 500, longest: 10_000 };

/**
 * Sends a terminal's log, compressed, to the URL in the command, and resolves with the operation's outcome. Tries again
 * within the operation's window when the server cannot be reached, answers 5xx or 429, or nothing moves. The memory it
 * takes does not grow with the log. Rejects with the signal's reason when the agent stops or the operation is
 * cancelled.
 */
export async function uploadLog(
  operation: Operation,
  content: LogContent,
  { signal, cancelled, serverNow }: Context,
  options: LogUploadOptions = {},
): Promise<Completed<OperationResults["send_logs"], never> | Failed> {
  const { transfer, expires_at: expiresAt } = operation;
  const [clock, send] = [options.clock ?? systemClock, fetchWithStallLimit(options)];
  if (!transfer) return deviceError("no_transfer", "The command does not say where to send the log");
  const brokenOff = AbortSignal.any([signal, cancelled]);
  const digest = await digestOf(content);
  let trouble: Trouble = { reason: "host_unreachable", problem: "it was not tried" };
  for (let tries = 0; ; tries += 1) {
    const leftMs = Date.parse(expiresAt) - marginMs - serverNow();
    if (leftMs <= 0) break;
    const ending = AbortSignal.any([brokenOff, AbortSignal.timeout(Math.ceil(leftMs))]);
    const tried = await attempt(send, transfer, { content, digest, signal: ending });
    brokenOff.throwIfAborted();
    if ("status" in tried) return tried;
    trouble = tried;
    await sleep(clock, Math.min(backoff(tries, pauseMs.first, pauseMs.longest), leftMs), brokenOff);
  }
  const message = `The server did not take the log within the operation's window. At the last try: ${trouble.problem}`;
  return { status: "FAILED", reason: trouble.reason, error: { code: "log_not_sent", message: message.slice(0, 500) } };
}

/** Why a try failed, where another try may succeed. */
interface Trouble {
  reason: DeviceReason;
  problem: string;
}

interface Attempt {
  content: LogContent;
  digest: string;
  signal: AbortSignal;
}

/** One try: resolves with the outcome, or with the trouble after which another try may succeed. */
async function attempt(
  send: typeof fetch,
  { url, token }: NonNullable<Operation["transfer"]>,
  { content, digest, signal }: Attempt,
): Promise<Completed<OperationResults["send_logs"], never> | Failed | Trouble> {
  try {
    const response = await send(url, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/gzip",
        "content-digest": `sha-256=:${digest}:`,
      },
      body: Readable.toWeb(compressed(content)),
      duplex: "half",
      redirect: "error",
      signal,
    });
    const answer = await response.text();
    if (response.status >= 500 || response.status === 429 || isReplaced(response.status, answer)) {
      // The server was reached and its storage is full: an operator of the server has to act.
      const reason = answer.includes('"storage_full"') ? "storage_failed" : "host_unreachable";
      return { reason, problem: `the server answered ${response.status}: ${answer}` };
    }
    if (!response.ok) return refused(response.status, answer);
    const { log_id, size, sha256 } = JSON.parse(answer) as OperationResults["send_logs"];
    return { status: "COMPLETED", result: { log_id, size, sha256 } };
  } catch (cause) {
    // No connection, a connection that broke, or an answer that is not this server's.
    return { reason: "host_unreachable", problem: wordsOf(cause) };
  }
}

/** The text of an error. The message of the global fetch is always "fetch failed"; the reason is in its cause. */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}

/** Whether the server abandoned this try because an earlier try arrived late. The device runs one try at a time. */
function isReplaced(status: number, answer: string): boolean {
  return status === 409 && answer.includes('"upload_replaced"');
}

function refused(status: number, answer: string): Failed {
  return deviceError("log_refused", `The server refused the log with status ${status}: ${answer}`);
}

/** Returns the base64 SHA-256 of the compressed log. Compression is deterministic: each try sends equal bytes. */
async function digestOf(content: LogContent): Promise<string> {
  const sha256 = createHash("sha256");
  for await (const piece of compressed(content)) sha256.update(piece as Uint8Array);
  return sha256.digest("base64");
}

function compressed(content: LogContent): Readable {
  const pieces = typeof content === "function" ? content() : [content];
  const source = Readable.from(pieces, { objectMode: false });
  const gzip = createGzip();
  source.once("error", (error) => gzip.destroy(error));
  gzip.once("close", () => source.destroy());
  return source.pipe(gzip);
}
