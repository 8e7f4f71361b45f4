import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { readError } from "./error.ts";

/** Where a client gets its access tokens. */
export interface TokenSource {
  /** Gives the token in use, or a new one when half of its life is over. Throws `TillkeeperError` when refused. */
  get(): Promise<TokenResponse>;
  /** Drops a token that the server has refused, so that the next `get` asks for another. A token no longer in use is ignored. */
  discard(accessToken: string): void;
}

interface TokenSourceOptions {
  /** Sends a request to the token endpoint. */
  request: () => Promise<Response>;
}

/** Keeps one token. All callers that need a new token at a time wait for one request. */
export function createTokenSource({ request }: TokenSourceOptions): TokenSource {
  let current: { token: TokenResponse; renewAt: number } | undefined;
  let renewal: Promise<TokenResponse> | undefined;

  const renew = async () => {
    const askedAt = performance.now();
    const response = await request();
    if (!response.ok) throw await readError(response);
    const token: TokenResponse = JSON.parse(await response.text());
    current = { token, renewAt: askedAt + (token.expires_in * 1000) / 2 };
    return token;
  };

  return {
    get: async () => {
      if (current && performance.now() < current.renewAt) return current.token;
      renewal ??= renew().finally(() => {
        renewal = undefined;
      });
      return renewal;
    },
    discard: (accessToken) => {
      if (current?.token.access_token === accessToken) current = undefined;
    },
  };
}
