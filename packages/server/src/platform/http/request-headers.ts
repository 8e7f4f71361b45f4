import type { IncomingMessage, Server } from "node:http";
import { isIP } from "node:net";
import { ApiError } from "../errors.ts";

/** RFC 9112 section 3.2 with RFC 3986 section 3.2: a name or address, perhaps with a port. */
const host = /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(?::\d*)?$/i;

/** Checks that a request names its host once (RFC 9112 section 3.2). Returns the fault. */
export function hostFault({ rawHeaders, httpVersion }: IncomingMessage): ApiError | undefined {
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "host");
  if (hosts.length === 0 && httpVersion === "1.0") return undefined;
  if (hosts.length === 1 && host.test(hosts[0] as string)) return undefined;
  return new ApiError("invalid_request", "The request must name this server in one Host header.", {
    errors: [{ path: "/headers/host", message: "must be one host name or address, perhaps with a port" }],
  });
}

/**
 * Removes invalid entries of X-Forwarded-For, and all entries before them. So a request's address is always valid, at
 * worst that of the last proxy.
 */
export function sanitizeForwardedFor(server: Server): void {
  server.prependListener("request", ({ headers }: IncomingMessage) => {
    const told = headers["x-forwarded-for"];
    if (told === undefined) return;
    const entries = [told]
      .flat()
      .join(",")
      .split(",")
      .map((entry) => entry.trim());
    const addresses = entries.slice(entries.findLastIndex((entry) => !isAddress(entry)) + 1);
    if (addresses.length > 0) headers["x-forwarded-for"] = addresses.join(", ");
    else delete headers["x-forwarded-for"];
  });
}

/** An address with a zone is invalid: the zone means something to the sender's machine only. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}
