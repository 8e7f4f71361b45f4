import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { readError, TillkeeperError } from "./error.ts";
import type { Answer } from "./method-types.ts";
import { nextPage } from "./next-page.ts";
import { connectionFailure, Failed, type Patience, repeatedly } from "./retries.ts";
import { unlessAborted } from "./time.ts";
import { createTokenSource } from "./token.ts";

/** Where a client's server is, and how patient the client is. */
interface ConnectionOptions {
  /** Where the server is, without `/v1`: `http://127.0.0.1:8080`. */
  url: string;
  /** The account that the client works for. */
  accountId: string;
  /** Milliseconds that one attempt of a call may take. Default 30 000. */
  requestTimeoutMs?: number;
  /** Milliseconds that a whole call may take, with its repetitions and the waits between them. Default 120 000. */
  timeoutMs?: number;
  /** How often a call is sent again after a failure that passes. Default 4; 0: never. */
  maxRetries?: number;
  /** Sends the requests in place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** Where a client's server is, the client's credentials, and how patient it is. */
export interface ClientOptions extends ConnectionOptions {
  clientId: string;
  clientSecret: string;
  /** The audience of the access token. Default: this account on this server. */
  audience?: string;
}

/** A client on a page of the server itself: the cookie of the person who signed in there opens it, and there is no token. */
export interface SessionOptions extends ConnectionOptions {
  credentials: "session";
}

type QueryValue = string | number | boolean | undefined;

/** One request to the server. */
export interface Call {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The path below the server's address, each part percent-encoded. */
  path: string;
  /** An array is sent as a repeated parameter. */
  query?: Readonly<Record<string, QueryValue | readonly QueryValue[]>> | undefined;
  body?: unknown;
  /** Sent in place of a body. An upload has no time limit but `timeoutMs` and the signal. */
  file?: { content: Blob; type: string };
  /** `stream`: the answer is a file, and the time limits hold until it begins. `text`: it is a text. Left out: JSON. */
  answer?: "stream" | "text" | undefined;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  requestTimeoutMs?: number | undefined;
  timeoutMs?: number | undefined;
  maxRetries?: number | undefined;
  /** Seconds that the server may hold the answer back, beside the time of an attempt. */
  waitSeconds?: number | undefined;
  waitWhenBusy?: boolean | undefined;
  /** A POST that does nothing more when it arrives a second time, also without a key. */
  repeatable?: true | undefined;
  idempotencyKey?: string | undefined;
}

/** Sends requests of one account. */
export interface Transport {
  accountId: string;
  /** Sends a request with the access token, and again after a failure that passes. Throws as `Method` does. */
  send(call: Call): Promise<Answer<unknown>>;
  /**
   * Sends a request once, a second time only with a new token if its token is refused, and gives the answer, whatever its status. Only the
   * call's signal limits its time. Headers of the call count before the transport's own. Throws `TillkeeperError` when no token is
   * given, what `fetch` throws, and the signal's reason.
   */
  exchange(call: Call): Promise<Response>;
  /** Gives the token in use, as `TokenSource.get`. */
  token(): Promise<TokenResponse>;
}

const usual = { attemptMs: 30_000, callMs: 120_000, maxRetries: 4 };
/** No terminal is busy with an operation for longer, so that a call that waits for its end gets there. */
const busyMs = 630_000;

/** Creates the transport of a client: base address, tokens, time limits, repetitions. */
export function createTransport(options: ClientOptions | SessionOptions): Transport {
  if ("credentials" in options) return sessionTransport(options);
  const base = withoutTrailingSlashes(options.url);
  const account = `/v1/accounts/${encodeURIComponent(options.accountId)}`;
  const { fetch: send = fetch, requestTimeoutMs: attemptMs = usual.attemptMs } = options;
  const tokens = createTokenSource({
    request: () =>
      send(`${base}${account}/auth/token`, {
        ...json(
          { grant_type: "client_credentials", audience: options.audience ?? `${base}${account}` },
          basic(options),
        ),
        method: "POST",
        signal: AbortSignal.timeout(attemptMs),
      }),
  });

  /** Gives a token, or fails as an attempt that sent nothing. */
  const getToken = async (signal: AbortSignal): Promise<TokenResponse> => {
    try {
      return await unlessAborted(tokens.get(), signal);
    } catch (error) {
      if (error instanceof TillkeeperError) throw new Failed(error, true);
      if (signal.aborted) throw error;
      throw new Failed(connectionFailure(error).error, true);
    }
  };

  const request = async (call: Call, signal: AbortSignal): Promise<{ response: Response; token: string }> => {
    const { access_token: token } = await getToken(signal);
    const { url, ...sent } = requestOf(base, call, { authorization: `Bearer ${token}` });
    return { response: await send(url, { ...sent, signal }), token };
  };

  /** One attempt; a second request with a new token belongs to it, if the first one is refused. */
  const attempt = async (call: Call, signal: AbortSignal): Promise<Response> => {
    const { response, token } = await request(call, signal);
    if (response.status !== 401 || call.headers?.["authorization"] !== undefined) return response;
    await response.body?.cancel();
    tokens.discard(token);
    return (await request(call, signal)).response;
  };

  const exchange = async (call: Call, signal: AbortSignal): Promise<Answer<unknown>> => {
    return read(call, await attempt(call, signal));
  };

  return {
    accountId: options.accountId,
    token: () => repeatedly(patienceOf({ method: "GET" }, options), getToken),
    exchange: async (call) => {
      try {
        return await attempt(call, call.signal ?? new AbortController().signal);
      } catch (error) {
        throw error instanceof Failed ? error.error : error;
      }
    },
    send: (call) => sendRepeatedly(call, options, exchange),
  };
}

/** Creates the transport of a page: the browser adds the session's cookie, and says that the page is the server's own. */
function sessionTransport(options: SessionOptions): Transport {
  const base = withoutTrailingSlashes(options.url);
  const { fetch: send = fetch } = options;
  const attempt = (call: Call, signal: AbortSignal): Promise<Response> => {
    const { url, ...sent } = requestOf(base, call, {});
    return send(url, { ...sent, signal, credentials: "same-origin" });
  };
  const exchange = async (call: Call, signal: AbortSignal) => read(call, await attempt(call, signal));
  return {
    accountId: options.accountId,
    token: () => Promise.reject(new TypeError("a session has no token")),
    exchange: (call) => attempt(call, call.signal ?? new AbortController().signal),
    send: (call) => sendRepeatedly(call, options, exchange),
  };
}

type Exchange = (call: Call, signal: AbortSignal) => Promise<Answer<unknown>>;

/** Makes attempts as patiently as the call and the client say. An error names the key that the request was sent with. */
async function sendRepeatedly(call: Call, options: ConnectionOptions, exchange: Exchange): Promise<Answer<unknown>> {
  try {
    return await repeatedly(patienceOf(call, options), (signal) => exchange(call, signal));
  } catch (error) {
    if (error instanceof TillkeeperError) error.idempotencyKey = call.idempotencyKey;
    throw error;
  }
}

/** Address and content of a call's request. */
function requestOf(base: string, call: Call, credentials: Record<string, string>): RequestInit & { url: string } {
  const { method, path, query, body, file, headers } = call;
  const all = { ...credentials, ...headers };
  return { ...(file ? binary(file, all) : json(body, all)), method, url: `${base}${path}${queryText(query)}` };
}

/** Reads an answer. Throws `Failed` when it is not a success. */
async function read(call: Call, response: Response): Promise<Answer<unknown>> {
  if (!response.ok) throw new Failed(await readError(response));
  return answerOf(call, response, await bodyOf(call, response));
}

/** How patient a call is: as it says itself, else as the client does. */
function patienceOf(call: Pick<Call, "method"> & Partial<Call>, options: ConnectionOptions): Patience {
  const { file, signal, waitSeconds = 0, waitWhenBusy = false } = call;
  const attemptMs = (options.requestTimeoutMs ?? usual.attemptMs) + waitSeconds * 1000;
  const callMs = options.timeoutMs ?? (waitWhenBusy ? busyMs : usual.callMs);
  return {
    safe: call.method !== "POST" || call.idempotencyKey !== undefined || call.repeatable === true,
    maxRetries: call.maxRetries ?? options.maxRetries ?? usual.maxRetries,
    waitWhenBusy,
    signal,
    attemptMs: call.requestTimeoutMs ?? (file ? undefined : attemptMs),
    callMs: call.timeoutMs ?? (file ? undefined : callMs),
  };
}

/** The body of a success answer, as the call wants it. */
async function bodyOf({ answer }: Call, response: Response): Promise<unknown> {
  if (answer === "stream") return response.body ?? new Blob([]).stream();
  const text = await response.text();
  if (answer === "text") return text;
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `The server answered ${response.status} with something else than JSON`;
    throw new Failed(
      new TillkeeperError({ code: "http_error", message, retryable: false, status: response.status, cause }),
    );
  }
}

function answerOf({ idempotencyKey }: Call, { status, headers }: Response, body: unknown): Answer<unknown> {
  return {
    body,
    status,
    headers,
    requestId: headers.get("request-id") ?? undefined,
    replayed: headers.get("idempotent-replayed") === "true",
    idempotencyKey,
    next: nextPage(body, headers.get("link")),
  };
}

function json(body: unknown, headers: Record<string, string>): RequestInit {
  const accepted = { accept: "application/json", ...headers };
  if (body === undefined) return { headers: accepted };
  return { headers: { "content-type": "application/json", ...accepted }, body: JSON.stringify(body) };
}

function binary({ content, type }: NonNullable<Call["file"]>, headers: Record<string, string>): RequestInit {
  return { headers: { accept: "application/json", "content-type": type, ...headers }, body: content };
}

/** The header for HTTP Basic, as the API documents it: id and secret without percent-encoding. */
function basic({ clientId, clientSecret }: ClientOptions): Record<string, string> {
  const bytes = new TextEncoder().encode(`${clientId}:${clientSecret}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function queryText(query: Call["query"] = {}): string {
  const given = new URLSearchParams();
  for (const [name, values] of Object.entries(query))
    for (const value of [values].flat()) if (value !== undefined) given.append(name, String(value));
  return given.size === 0 ? "" : `?${given.toString()}`;
}

/**
 * Removes slashes from the end of a URL, so that a path can be appended. A loop, because a regular expression would start
 * again at each slash of a long run.
 */
function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
}
