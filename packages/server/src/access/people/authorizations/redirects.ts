const loopbackAddress = /^(127\.0\.0\.1|\[::1\])$/;
/** A scheme that an app has claimed for itself is a domain name, read backwards (RFC 8252 section 7.1). */
const ownScheme = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/;

/**
 * Whether a client's callbacks have the redirect address of a request: as a text, letter by letter (RFC 9700 section 4.1.3), but for the port
 * of a loopback address, which an app on the machine gets when it listens (RFC 8252 section 7.3). Addresses to which no person may be sent
 * count for nothing, whatever was registered.
 */
export function isRegistered(callbacks: readonly string[], given: string): boolean {
  const url = URL.parse(given);
  if (!url || !mayGetCodes(url) || given.includes("#")) return false;
  return callbacks.some((callback) => callback === given || withoutPort(callback) === withoutPort(given));
}

/** A code goes by TLS, stays on the machine, or goes to the app that has the scheme. */
function mayGetCodes({ protocol, hostname }: URL): boolean {
  if (protocol === "https:") return true;
  if (protocol === "http:") return loopbackAddress.test(hostname) || hostname === "localhost";
  return ownScheme.test(protocol);
}

/** The address without its port, if it is one of a loopback address; otherwise a text that equals no other. */
function withoutPort(address: string): string | symbol {
  const [, host, rest] = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::\d{1,5})?((?:[/?].*)?)$/.exec(address) ?? [];
  return host === undefined ? Symbol("none") : `${host}${rest}`;
}

/** A redirect address with further parameters: what it has stays as it is. */
export function withParameters(address: string, parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `${address}${address.includes("?") ? "&" : "?"}${new URLSearchParams(given).toString()}`;
}

/** What a person reads of where the browser goes: a host, or the scheme of an app. */
export function destinationOf(address: string): string {
  const { host, protocol } = new URL(address);
  return host === "" ? protocol.slice(0, -1) : host;
}
