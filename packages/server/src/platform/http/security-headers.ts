import type { Server, ServerResponse } from "node:http";

/** Headers by their names in lower case. */
export type HeaderTable = Readonly<Record<string, string>>;

const hstsSeconds = 31_536_000;
const nothing = "default-src 'none'; frame-ancestors 'none'";
/** The reference page runs its own scripts, and its interface sets styles inline. It loads nothing from other hosts. */
const referencePage = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const isReferencePage = /^\/docs(?:[/?]|$)/;

/**
 * Headers that every answer carries, whichever part of the server writes it. `no-store` counts until a route says that
 * its answer may be kept.
 */
export function securityHeaders({ https }: { https: boolean }): HeaderTable {
  return {
    "x-content-type-options": "nosniff",
    "content-security-policy": nothing,
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    ...(https && { "strict-transport-security": `max-age=${hstsSeconds}` }),
  };
}

/** Sets them on each response before the framework sees its request, so that no way of answering goes without. */
export function setOnEveryResponse(server: Server, headers: HeaderTable): void {
  const entries = Object.entries(headers);
  server.prependListener("request", ({ url = "" }, response: ServerResponse) => {
    for (const [name, value] of entries) response.setHeader(name, value);
    if (isReferencePage.test(url)) response.setHeader("content-security-policy", referencePage);
  });
}
