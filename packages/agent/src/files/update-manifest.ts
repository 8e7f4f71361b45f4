import { UpdateManifest, type UpdateQuery } from "@tillkeeper/contract/http/device-updates";
import type { Transfer } from "@tillkeeper/contract/mqtt/messages";
import { Compile } from "typebox/compile";
import type { Clock } from "../clock.ts";
import { UpdateFailure } from "./update-failure.ts";
import { final, Tries } from "./update-retries.ts";

const check = Compile(UpdateManifest);
const mostBytes = 256 * 1024;

/** The function and the signal for HTTP requests. */
export interface Http {
  fetch: typeof fetch;
  signal: AbortSignal;
}

/**
 * Fetches the update manifest for this terminal; tries again while the operation's time lasts. Rejects with
 * `UpdateFailure` (`update_unreachable` or `bad_manifest`), or the signal's reason.
 */
export async function fetchManifest(
  transfer: Transfer,
  current: UpdateQuery,
  http: Http & { clock: Clock },
): Promise<UpdateManifest> {
  const url = new URL(transfer.url);
  for (const [name, value] of Object.entries(current)) url.searchParams.set(name, value);
  const text = await textFrom(url, transfer, http);
  const manifest = parse(text);
  if (!check.Check(manifest)) throw new UpdateFailure("bad_manifest", "The server's manifest cannot be understood");
  // Each request carries the token, which must not go to another server.
  if (manifest.latest && new URL(manifest.latest.url, url).origin !== url.origin) {
    throw new UpdateFailure("bad_manifest", "The manifest names a file on another server");
  }
  return manifest;
}

/** Fetches a text; tries again while the operation's time lasts. */
async function textFrom(url: URL, transfer: Transfer, http: Http & { clock: Clock }): Promise<string> {
  const tries = new Tries(http);
  for (;;) {
    try {
      return await textOf(await request(url, transfer, http), http);
    } catch (cause) {
      await tries.failed(cause);
    }
  }
}

/**
 * Makes a request with the transfer's token, and resolves with an answer of any status. Rejects with
 * `update_unreachable` without an answer, or with the signal's reason.
 */
export async function request(
  url: URL,
  { token }: Pick<Transfer, "token">,
  { fetch: send, signal }: Http,
  headers: Record<string, string> = {},
): Promise<Response> {
  try {
    return await send(url, { headers: { authorization: `Bearer ${token}`, ...headers }, redirect: "error", signal });
  } catch (cause) {
    throw unreachable(cause, signal);
  }
}

/**
 * Returns the error for a broken connection: `update_unreachable`, or the signal's reason when the signal was aborted.
 */
export function unreachable(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new UpdateFailure("update_unreachable", `The server cannot be reached for the update${why}`, cause);
}

/** Returns the error for an HTTP status. After 429 and 5xx another try may succeed; every other status is final. */
export function refused({ status }: Response): UpdateFailure {
  const message = `The server answered the request for the update with ${status}`;
  return new UpdateFailure("update_unreachable", message, status >= 429 ? undefined : final);
}

async function textOf(response: Response, { signal }: Http): Promise<string> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw refused(response);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw new UpdateFailure("bad_manifest", "The server's manifest is too large");
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof UpdateFailure ? cause : unreachable(cause, signal);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
