import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import type { Route } from "../platform/http/route.ts";

/**
 * Throws unless each endpoint of the contract is bound exactly once. The OpenAPI document and the SDK show every
 * endpoint, so a server that lacks one must not start. Only a sandbox has, and must have, its controls.
 */
export function requireAllBound(routes: readonly Route[], { sandbox }: { sandbox: boolean }): void {
  const wanted = Object.values(endpoints)
    .filter((rows) => sandbox || rows !== endpoints.sandbox)
    .flatMap((rows): Endpoint[] => Object.values(rows));
  const bound = routes.map(({ endpoint }) => endpoint);
  const wrong = [...new Set([...wanted, ...bound])].filter(
    (row) => !wanted.includes(row) || bound.filter((other) => other === row).length !== 1,
  );
  if (wrong.length > 0) throw new Error(`Endpoints not bound exactly once: ${wrong.map(({ id }) => id).join(", ")}`);
}
