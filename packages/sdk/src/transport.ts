import type { TokenResponse } from "@tillkeeper/contract/http/token";
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
  method: "GET" | "POST" | "DELETE";
  /** Below the server's address; see `pathOf`. */
  path: string;
  query?: Readonly<Record<string, QueryValue>>;
  body?: unknown;
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
  /** The token in use. */
  token: () => Promise<TokenResponse>;
}

const defaultTimeoutMs = 30_000;

export function createTransport(options: ClientOptions): Transport {
  const base = options.url.replace(/\/+$/, "");
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

  const attempt = async ({ method, path, query, body, headers, signal }: Call, token: string) => {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    return send(`${base}${path}${queryText(query)}`, {
      ...json(body, { ...headers, authorization: `Bearer ${token}` }),
      method,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  };

  return {
    pathOf: (...parts) => [account, ...parts.map(encodeURIComponent)].join("/"),
    token: () => tokens.get(),
    call: async <T>(call: Call): Promise<Answer<T>> => {
      const { access_token: first } = await tokens.get();
      let response = await attempt(call, first);
      if (response.status === 401) {
        await response.body?.cancel();
        tokens.discard(first);
        response = await attempt(call, (await tokens.get()).access_token);
      }
      if (!response.ok) throw await readError(response);
      const body: T = JSON.parse(await response.text());
      return { body, headers: response.headers };
    },
  };
}

function json(body: unknown, headers: Record<string, string>): RequestInit {
  const accepted = { ...headers, accept: "application/json" };
  if (body === undefined) return { headers: accepted };
  return { headers: { ...accepted, "content-type": "application/json" }, body: JSON.stringify(body) };
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
