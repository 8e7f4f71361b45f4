import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { readError } from "./error.ts";
import type { Answer } from "./method-types.ts";
import { nextPage } from "./next-page.ts";
import { createTokenSource } from "./token.ts";

/** Where a client's server is, and the client's credentials. */
export interface ClientOptions {
  /** Where the server is, without `/v1`: `http://127.0.0.1:8080`. */
  url: string;
  accountId: string;
  clientId: string;
  clientSecret: string;
  /** The audience of the access token. Default: this account on this server. */
  audience?: string;
  /** Milliseconds that one request may take, or else it throws a `DOMException` named `TimeoutError`. Default 30 000. */
  requestTimeoutMs?: number;
  /** Sends the requests in place of the global `fetch`. */
  fetch?: typeof fetch;
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
  /** The answer is a file. The time limit holds until the answer begins; the signal ends it at any time. */
  stream?: boolean | undefined;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** Sends requests of one account. */
export interface Transport {
  accountId: string;
  /** Sends a request with the access token, and after a 401 once more with a new one. Throws as `Method` does. */
  send(call: Call): Promise<Answer<unknown>>;
  /** Gives the token in use, as `TokenSource.get`. */
  token(): Promise<TokenResponse>;
}

const defaultTimeoutMs = 30_000;

/** Creates the transport of a client: base address, tokens, time limits. */
export function createTransport(options: ClientOptions): Transport {
  const base = withoutTrailingSlashes(options.url);
  const account = `/v1/accounts/${encodeURIComponent(options.accountId)}`;
  const { fetch: send = fetch, requestTimeoutMs = defaultTimeoutMs } = options;
  const tokens = createTokenSource({
    request: () =>
      send(`${base}${account}/auth/token`, {
        ...json(
          { grant_type: "client_credentials", audience: options.audience ?? `${base}${account}` },
          basic(options),
        ),
        method: "POST",
        signal: AbortSignal.timeout(requestTimeoutMs),
      }),
  });

  const attempt = async (call: Call, timeout: AbortSignal | undefined) => {
    const { method, path, query, body, file, headers } = call;
    const signal = AbortSignal.any([call.signal, timeout].filter((one) => one !== undefined));
    const { access_token: token } = await unlessAborted(tokens.get(), signal);
    const authorized = { ...headers, authorization: `Bearer ${token}` };
    const response = await send(`${base}${path}${queryText(query)}`, {
      ...(file ? binary(file, authorized) : json(body, authorized)),
      method,
      signal,
    });
    return { response, token };
  };

  const answered = async (call: Call, timeout: () => AbortSignal | undefined): Promise<Response> => {
    let { response, token } = await attempt(call, timeout());
    if (response.status === 401) {
      await response.body?.cancel();
      tokens.discard(token);
      ({ response } = await attempt(call, timeout()));
    }
    if (!response.ok) throw await readError(response);
    return response;
  };

  return {
    accountId: options.accountId,
    token: () => tokens.get(),
    send: async (call) => {
      const { file, stream, timeoutMs = file ? undefined : requestTimeoutMs } = call;
      if (stream) {
        const begins = deadline(timeoutMs ?? requestTimeoutMs);
        const response = await answered(call, begins.again).finally(begins.met);
        return answerOf(response, response.body ?? new Blob([]).stream());
      }
      const response = await answered(call, () =>
        timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs),
      );
      const text = await response.text();
      return answerOf(response, text === "" ? undefined : JSON.parse(text));
    },
  };
}

function answerOf({ status, headers }: Response, body: unknown): Answer<unknown> {
  return {
    body,
    status,
    headers,
    requestId: headers.get("request-id") ?? undefined,
    replayed: headers.get("idempotent-replayed") === "true",
    next: nextPage(body, headers.get("link")),
  };
}

/** Waits for `work` until the signal aborts, and leaves `work` running: a token's renewal serves other calls, too. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    signal.addEventListener("abort", end);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    if (signal.aborted) end();
  });
}

/** A time limit until an answer begins: `again` starts it anew for an attempt, and `met` ends it. */
function deadline(ms: number): { again: () => AbortSignal; met: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    again: () => {
      clearTimeout(timer);
      const late = new AbortController();
      const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
      timer = setTimeout(() => late.abort(reason), ms);
      return late.signal;
    },
    met: () => clearTimeout(timer),
  };
}

function json(body: unknown, headers: Record<string, string>): RequestInit {
  const accepted = { ...headers, accept: "application/json" };
  if (body === undefined) return { headers: accepted };
  return { headers: { ...accepted, "content-type": "application/json" }, body: JSON.stringify(body) };
}

function binary({ content, type }: NonNullable<Call["file"]>, headers: Record<string, string>): RequestInit {
  return { headers: { ...headers, accept: "application/json", "content-type": type }, body: content };
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
