import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import { readError } from "./error.ts";
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
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the server's address; see `pathOf`. */
  path: string;
  query?: Readonly<Record<string, QueryValue>>;
  body?: unknown;
  /** A file, in place of a body. It may take as long as it needs, unless the signal says otherwise. */
  file?: Blob;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

export interface Answer<T> {
  body: T;
  headers: Headers;
}

export interface Transport {
  /** `/v1/accounts/{account}/…` with each part encoded. */
  pathOf: (...parts: string[]) => string;
  /** Sends with a token. A 401 is tried once more with a new one; every other answer but 2xx throws `TillkeeperError`. */
  call: <T>(call: Call) => Promise<Answer<T>>;
  /** The same for an answer that is a file. `requestTimeoutMs` holds until it begins; the signal ends it at any time. */
  download: (call: Call) => Promise<Answer<ReadableStream<Uint8Array>>>;
  /** The token in use. */
  token: () => Promise<TokenResponse>;
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

  const attempt = async (call: Call, token: string, timeout: AbortSignal) => {
    const { method, path, query, body, file, headers, signal } = call;
    // A file takes as long as it takes.
    const signals = [...(signal ? [signal] : []), ...(file ? [] : [timeout])];
    const authorized = { ...headers, authorization: `Bearer ${token}` };
    return send(`${base}${path}${queryText(query)}`, {
      ...(file ? binary(file, authorized) : json(body, authorized)),
      method,
      signal: AbortSignal.any(signals),
    });
  };

  const answered = async (call: Call, timeout: () => AbortSignal): Promise<Response> => {
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
    pathOf: (...parts) => [account, ...parts.map(encodeURIComponent)].join("/"),
    token: () => tokens.get(),
    call: async <T>(call: Call): Promise<Answer<T>> => {
      const response = await answered(call, () => AbortSignal.timeout(requestTimeoutMs));
      const body: T = JSON.parse(await response.text());
      return { body, headers: response.headers };
    },
    download: async (call) => {
      const begins = deadline(requestTimeoutMs);
      const { body, headers } = await answered(call, begins.again).finally(begins.met);
      return { body: body ?? new ReadableStream(), headers };
    },
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

function binary(file: Blob, headers: Record<string, string>): RequestInit {
  const type = "application/octet-stream";
  return { headers: { ...headers, accept: "application/json", "content-type": type }, body: file };
}

/** As the API documents it: id and secret as they are, without percent-encoding. */
function basic({ clientId, clientSecret }: ClientOptions): Record<string, string> {
  const bytes = new TextEncoder().encode(`${clientId}:${clientSecret}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function queryText(query: Call["query"] = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? "" : `?${given.toString()}`;
}
