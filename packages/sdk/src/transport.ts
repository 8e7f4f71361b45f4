import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { readError } from "./error.ts";
import type { Answer } from "./method-types.ts";
import { nextPage } from "./next-page.ts";
import { createTokenSource } from "./token.ts";

export interface ClientOptions {
  /** Where the server is, without `/v1`: `http://127.0.0.1:8080`. */
  url: string;
  accountId: string;
  clientId: string;
  clientSecret: string;
  /** What the token is for. Default: this account on this server. */
  audience?: string;
  /** Milliseconds that one request may take, or else it throws a `DOMException` named `TimeoutError`. Default 30 000. */
  requestTimeoutMs?: number;
  /** Makes the requests in place of the global `fetch`. */
  fetch?: typeof fetch;
}

type QueryValue = string | number | boolean | undefined;

export interface Call {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's address, each part encoded. */
  path: string;
  /** A list is a repeated parameter. */
  query?: Readonly<Record<string, QueryValue | readonly QueryValue[]>> | undefined;
  body?: unknown;
  /** In place of a body. It may take as long as it needs, unless `timeoutMs` or the signal says otherwise. */
  file?: { content: Blob; type: string };
  /** The answer is a file: its time is over when it begins, while the signal ends it at any time. */
  stream?: boolean | undefined;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

export interface Transport {
  accountId: string;
  /** Sends with a token. A 401 is tried once more with a new one; every other answer but 2xx throws `TillkeeperError`. */
  send(call: Call): Promise<Answer<unknown>>;
  /** The token in use. */
  token(): Promise<TokenResponse>;
}

const defaultTimeoutMs = 30_000;

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

  const attempt = async (call: Call, token: string, timeout: AbortSignal | undefined) => {
    const { method, path, query, body, file, headers } = call;
    const authorized = { ...headers, authorization: `Bearer ${token}` };
    return send(`${base}${path}${queryText(query)}`, {
      ...(file ? binary(file, authorized) : json(body, authorized)),
      method,
      signal: AbortSignal.any([call.signal, timeout].filter((signal) => signal !== undefined)),
    });
  };

  const answered = async (call: Call, timeout: () => AbortSignal | undefined): Promise<Response> => {
    const { access_token: first } = await tokens.get();
    let response = await attempt(call, first, timeout());
    if (response.status === 401) {
      await response.body?.cancel();
      tokens.discard(first);
      response = await attempt(call, (await tokens.get()).access_token, timeout());
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
        return answerOf(response, response.body ?? new ReadableStream());
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

/** Ends what has not begun in time, and leaves alone what has. */
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

/** As the API documents it: id and secret as they are, without percent-encoding. */
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

/** So that a path can follow. A pattern for it would try each slash anew. */
function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
}
