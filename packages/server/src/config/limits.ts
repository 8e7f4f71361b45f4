import type { Values } from "./settings.ts";

/** Rate limits, and the proxies that name the caller's address. */
export interface LimitsConfig {
  /** Requests per second; left out, the server limits no rate. */
  rateLimit?: { perClient: number; perAddress: number; devicesPerAddress?: number } | undefined;
  /** Addresses of the proxies whose `X-Forwarded-For` is believed; left out, none. */
  trustedProxies?: string[];
}

/** Token requests of one address per second: a client needs one in hours. */
const tokenRequestsPerAddress = 20;
/**
 * Pairing and token requests of devices per second and address: all devices of a chain of shops may share one address.
 */
export const devicesPerAddress = 200;
const defaultPerClient = 100;

/** The rate limits of the settings; undefined without a limit, the default on loopback. */
export function rateLimitOf({
  TILLKEEPER_RATE_LIMIT: given,
  TILLKEEPER_HTTP_HOST: host,
}: Values): LimitsConfig["rateLimit"] {
  const onLoopback = /^(127\.[\d.]+|::1|localhost)$/.test(host);
  const perClient = given ?? (onLoopback ? 0 : defaultPerClient);
  return perClient === 0 ? undefined : { perClient, perAddress: tokenRequestsPerAddress };
}
