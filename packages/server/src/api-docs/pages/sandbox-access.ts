import type { FastifyRequest } from "fastify";

/** What a sandbox shows to its own machine: what a first request needs. */
export interface SandboxAccess {
  http_url: string;
  account_id: string;
  client_id: string;
  client_secret: string;
  terminal_ids: readonly string[];
  /** To paste into a shell, in this order. */
  first_requests: readonly string[];
}

const loopbackPeer = /^(?:127\.|::1$|::ffff:127\.)/;
const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const ofProxies = new Set(["forwarded", "via", "x-real-ip"]);

/**
 * Whether a page that was opened on this machine asks. The peer alone does not say so: a proxy on this machine asks for
 * everybody, and a page of another site can have its own name lead here. The browser writes `Origin` itself, and a proxy
 * that puts another `Host` leaves it as it is, so both must name this machine. Whoever writes all headers by hand can look
 * so through a proxy that adds none, so a server with an address elsewhere is asked in vain: see `isOfThisMachine`.
 */
export function isAskedFromHere({ headers, socket }: Pick<FastifyRequest, "headers" | "socket">): boolean {
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

/** Whether a server that says this of itself is meant for its own machine. */
export function isOfThisMachine({ http_url }: Pick<SandboxAccess, "http_url">): boolean {
  return loopbackHost.test(new URL(http_url).host);
}
