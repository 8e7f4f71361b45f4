import type { Server, ServerResponse } from "node:http";

/** Headers by their names in lower case. */
export type HeaderTable = Readonly<Record<string, string>>;

const hstsSeconds = 31_536_000;
const nothing = "default-src 'none'; frame-ancestors 'none'";

/**
 * Headers of every answer, whichever part of the server writes it. A route may replace `no-store`, and a page the
 * policy.
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

/** Sets the headers on each response before the framework sees its request, so that no answer lacks them. */
export function setOnEveryResponse(server: Server, headers: HeaderTable): void {
  const entries = Object.entries(headers);
  server.prependListener("request", (_request, response: ServerResponse) => {
    for (const [name, value] of entries) response.setHeader(name, value);
  });
}
