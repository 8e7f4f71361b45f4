import { type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import { isIP } from "node:net";
import { ApiError } from "../errors.ts";

/** RFC 9112 section 3.2 with RFC 3986 section 3.2: a name or address, perhaps with a port. */
const host = /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(?::\d*)?$/i;
const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i;
/** US-ASCII is a part of UTF-8. */
const readable = new Set(["utf-8", "utf8", "us-ascii"]);

/** Checks the headers of a request, on any route. Returns their fault. */
export function headerFault({ headers, rawHeaders, httpVersion }: IncomingMessage): ApiError | undefined {
  return hostFault(rawHeaders, httpVersion) ?? bodyFault(headers);
}

function hostFault(rawHeaders: readonly string[], httpVersion: string): ApiError | undefined {
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "host");
  if (hosts.length === 0 && httpVersion === "1.0") return undefined;
  if (hosts.length === 1 && host.test(hosts[0] as string)) return undefined;
  return new ApiError("invalid_request", "The request must name this server in one Host header.", {
    errors: [{ path: "/headers/host", message: "must be one host name or address, perhaps with a port" }],
  });
}

/** Bodies must be UTF-8 and unencoded (D35). */
function bodyFault(headers: IncomingHttpHeaders): ApiError | undefined {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    return new ApiError(
      "unsupported_media_type",
      "Send the body without Content-Encoding; a compressed log as application/gzip.",
      { headers: { "accept-encoding": "identity" } },
    );
  }
  const named = charset.exec(headers["content-type"] ?? "")?.[1];
  if (named === undefined || readable.has(named.toLowerCase())) return undefined;
  return new ApiError("unsupported_media_type", "Send the body in UTF-8; this server reads no other charset.");
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
