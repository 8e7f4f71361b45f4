import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";
import { vi } from "vitest";
import * as tokens from "../../src/access/auth/tokens/tokens.ts";

/** Makes callers of servers that start later limited to stores, as sign-in does it for people. */
export function limitPrincipals() {
  const limits = new Map<string, readonly string[]>();
  const { createTokens } = tokens;
  vi.spyOn(tokens, "createTokens").mockImplementation((deps) => {
    const service = createTokens(deps);
    return {
      ...service,
      async authenticate(authorization, attempts) {
        const principal = await service.authenticate(authorization, attempts);
        const stores = limits.get(authorization?.replace(/^Bearer /, "") ?? "");
        return stores ? { ...principal, stores } : principal;
      },
    };
  });
  return {
    /** Fetches another token of the tenant's client, whose requests are limited to these stores from now on. */
    async tokenFor(server: SharedServer, tenant: Tenant, stores: readonly string[]): Promise<string> {
      const { aid: accountId, clientId, secret } = tenant;
      const token = await fetchToken(server.url, { accountId, clientId, secret });
      limits.set(token, stores);
      return token;
    },
    /** Changes what a token is limited to. */
    change(token: string, stores: readonly string[]): void {
      limits.set(token, stores);
    },
  };
}
