import type { FastifyRequest } from "fastify";

/** What a sandbox shows to its own machine: all that a first request needs. */
export interface SandboxAccess {
  http_url: string;
  account_id: string;
  client_id: string;
  client_secret: string;
  terminal_ids: readonly string[];
  /** Shell commands, to be pasted in this order. */
  first_requests: readonly string[];
}

const loopbackPeer = /^(?:127\.|::1$|::ffff:127\.)/;
const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const ofProxies = new Set(["forwarded", "via", "x-real-ip"]);

/**
 * Whether the request comes from a page that was opened on this machine.
 *
 * The peer's address is not enough. A local proxy sends requests of remote callers, and another site's page may use a
 * name that resolves to this machine. The browser sets `Origin` itself, and a proxy that replaces `Host` does not
 * change it, so both must name this machine. A caller who forges all headers can still pass through a proxy that adds
 * none. A server whose address is elsewhere therefore shows nothing: see `servesThisMachine`.
 */
export function isFromThisMachine({ headers, socket }: Pick<FastifyRequest, "headers" | "socket">): boolean {
  const { host = "", origin } = headers;
  const isProxied = Object.keys(headers).some((name) => name.startsWith("x-forwarded-") || ofProxies.has(name));
  const site = headers["sec-fetch-site"] ?? "same-origin";
  return (
    loopbackPeer.test(socket.remoteAddress ?? "") &&
    loopbackHost.test(host) &&
    origin === `http://${host}` &&
    site === "same-origin" &&
    !isProxied
  );
}

/** Whether a server with this address serves its own machine only. */
export function servesThisMachine({ http_url }: Pick<SandboxAccess, "http_url">): boolean {
  return loopbackHost.test(new URL(http_url).host);
}
