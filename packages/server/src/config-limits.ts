import { isIP } from "node:net";

/** How many requests may come, and from where they count as coming. */
export interface LimitsConfig {
  /** Requests per second; left out, nobody is held back. */
  rateLimit?: { perClient: number; perAddress: number; devicesPerAddress?: number } | undefined;
  /** Proxies whose word on where a request comes from is taken; left out, nobody's. */
  trustedProxies?: string[];
}

export const limitSettings = {
  TILLKEEPER_RATE_LIMIT:
    "Requests per second that one client may send, 0 for no limit. Default 100, and no limit while listening on loopback.",
  TILLKEEPER_TRUSTED_PROXIES:
    "Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed, separated by commas. Default none.",
} as const;

type Read = (name: keyof typeof limitSettings | "TILLKEEPER_HTTP_HOST") => string | undefined;
type Fault = (name: string, message: string) => void;

/** Token requests of one address per second: a client needs one in hours. */
const tokenRequestsPerAddress = 20;
/** Pairing and new tokens of one address per second: a chain of shops may have all its devices behind one. */
export const devicesPerAddress = 200;
const defaultPerClient = 100;

export function readRateLimit(read: Read, fault: Fault): LimitsConfig["rateLimit"] {
  const text = read("TILLKEEPER_RATE_LIMIT");
  const onLoopback = /^(127\.[\d.]+|::1|localhost)$/.test(read("TILLKEEPER_HTTP_HOST") ?? "127.0.0.1");
  if (text === undefined && onLoopback) return undefined;
  const perClient = Number(text ?? defaultPerClient);
  if (!Number.isInteger(perClient) || perClient < 0 || perClient > 1_000_000) {
    fault("TILLKEEPER_RATE_LIMIT", "must be a whole number from 0 to 1000000.");
  }
  return perClient === 0 ? undefined : { perClient, perAddress: tokenRequestsPerAddress };
}

export function readProxies(read: Read, fault: Fault): string[] {
  const proxies =
    read("TILLKEEPER_TRUSTED_PROXIES")
      ?.split(",")
      .map((text) => text.trim()) ?? [];
  for (const proxy of proxies) {
    const [address = "", bits, ...more] = proxy.split("/");
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const fits = bits === undefined ? most > 0 : /^\d{1,3}$/.test(bits) && Number(bits) <= most;
    if (!fits || more.length > 0) fault("TILLKEEPER_TRUSTED_PROXIES", `must be addresses or networks, not "${proxy}".`);
  }
  return proxies;
}
