import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** The refusal of an address that webhooks must not be sent to. */
export class TargetRefused extends Error {
  override readonly name = "TargetRefused";
}

export interface TargetRules {
  /** Whether private addresses are allowed. */
  allowPrivate: boolean;
  /** Whether an origin is this server's own: events of deliveries would make deliveries. */
  isOwn: (origin: string) => boolean;
  /** Finds the addresses of a host; left out, the system does. */
  lookup?: typeof systemLookup;
}

/**
 * Whether webhooks may be sent to an address: it belongs to the public internet. Everything with a meaning of its own is
 * not: loopback, private networks, link-local addresses (where clouds keep their metadata), shared and reserved ranges, and IPv6
 * addresses that hold an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return parsed.range() === "unicast";
}

/** The host of a URL as it is looked up: IPv6 without brackets. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** Checks what can be seen of a URL without looking up its host. Throws `TargetRefused`. */
export function checkUrl(url: URL, { allowPrivate, isOwn }: TargetRules): void {
  if (isOwn(url.origin)) throw new TargetRefused("is an address of this server");
  const host = hostOf(url);
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw new TargetRefused("is not a public address");
}

/** The fault of a subscription's URL, as the end of a sentence; undefined: none. */
export async function problemOfUrl(text: string, rules: TargetRules): Promise<string | undefined> {
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol)) return "is not an http or https address";
  if (url.username !== "" || url.password !== "") return "must not have a user: use a secret of the type Authorization";
  if (url.hash !== "") return "must not have a fragment";
  try {
    checkUrl(url, rules);
  } catch (error) {
    return (error as Error).message;
  }
  const host = hostOf(url);
  if (rules.allowPrivate || isIP(host) !== 0) return undefined;
  const found = await addressesOf(host, rules).catch(() => []);
  if (found.length === 0) return "names a host that is not found";
  return found.some(({ address }) => isPublicAddress(address)) ? undefined : "is not a public address";
}

function addressesOf(host: string, { lookup = systemLookup }: TargetRules): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

/**
 * A look-up for connections that answers only allowed addresses. The connection is made to the very address that was checked, so
 * a name that means another address by then (DNS rebinding) is refused here.
 */
export function checkedLookup({ allowPrivate, lookup = systemLookup }: TargetRules): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const all = error ? [] : found;
      const allowed = allowPrivate ? all : all.filter(({ address }) => isPublicAddress(address));
      const [first] = allowed;
      if (error || !first) {
        callback(error ?? new TargetRefused(`${hostname} is not a public address`), "", 0);
      } else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
