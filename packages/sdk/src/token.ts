import type { TokenResponse } from "@tillkeeper/contract/http/token";
import { readError } from "./error.ts";

export interface TokenSource {
  /** The token in use, or a new one when half of its life is over. */
  get(): Promise<TokenResponse>;
  /** Lets go of a token that the server has refused; one that was already replaced changes nothing. */
  discard(accessToken: string): void;
}

interface TokenSourceOptions {
  /** Asks the token endpoint. */
  request: () => Promise<Response>;
}

/** Keeps one token and renews it once at a time, however many callers wait. Throws `TillkeeperError` when refused. */
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
