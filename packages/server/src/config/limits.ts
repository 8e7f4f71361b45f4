import type { Values } from "./settings.ts";

/** How many requests may come, and from where they count as coming. */
export interface LimitsConfig {
  /** Requests per second; left out, nobody is held back. */
  rateLimit?: { perClient: number; perAddress: number; devicesPerAddress?: number } | undefined;
  /** Proxies whose word on where a request comes from is taken; left out, nobody's. */
  trustedProxies?: string[];
}

/** Token requests of one address per second: a client needs one in hours. */
const tokenRequestsPerAddress = 20;
/** Pairing and new tokens of one address per second: a chain of shops may have all its devices behind one. */
export const devicesPerAddress = 200;
const defaultPerClient = 100;

export function rateLimitOf({
  TILLKEEPER_RATE_LIMIT: given,
  TILLKEEPER_HTTP_HOST: host,
}: Values): LimitsConfig["rateLimit"] {
  const onLoopback = /^(127\.[\d.]+|::1|localhost)$/.test(host);
  const perClient = given ?? (onLoopback ? 0 : defaultPerClient);
  return perClient === 0 ? undefined : { perClient, perAddress: tokenRequestsPerAddress };
}
