import { ApiError } from "../errors.ts";
import type { Route } from "./route.ts";

/**
 * Returns the error for a request that no route matches. That is 404, or 405 with `Allow` when the path exists with
 * other methods (RFC 9110 section 15.5.6). A route with a guard stays hidden.
 */
export function unknownRouteErrors(
  routes: readonly Route[],
  pages: readonly string[],
  maxParamLength: number,
): (method: string, url: string) => ApiError {
  const methods = new Map(pages.map((path) => [path, new Set<string>(["GET", "HEAD"])]));
  for (const { endpoint, guard } of routes) {
    if (guard) continue;
    const allow = methods.get(endpoint.path) ?? new Set();
    methods.set(endpoint.path, allow.add(endpoint.method));
    if (endpoint.method === "GET") allow.add("HEAD");
  }
  const known = [...methods].map(([path, allow]) => ({ parts: path.split("/"), allow: [...allow] }));
  return (method, url) => {
    const parts = (url.split(/[?#]/, 1)[0] as string).split("/");
    const allowed = known.filter((row) => fits(row.parts, parts, maxParamLength)).flatMap(({ allow }) => allow);
    if (allowed.length === 0) return new ApiError("not_found", "There is nothing at this address.");
    const allow = [...new Set(allowed)].join(", ");
    return new ApiError("method_not_allowed", `${method} is not allowed here, only ${allow}.`, { headers: { allow } });
  };
}

function fits(path: readonly string[], parts: readonly string[], maxParamLength: number): boolean {
  if (path.length !== parts.length) return false;
  return path.every((name, index) => {
    const part = parts[index] as string;
    return name.startsWith(":") ? part !== "" && part.length <= maxParamLength : part === name;
  });
}
