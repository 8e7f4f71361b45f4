import type { FastifyRequest } from "fastify";

/**
 * The URL as the request log shows it. Of the query it shows only values of parameters that the route knows, because
 * other values may be tokens.
 */
export function loggedUrl(request: FastifyRequest): string {
  const [path, query] = splitOnce(request.url, "?");
  if (query === undefined) return path;
  const { properties = {} } = (request.routeOptions.schema?.querystring ?? {}) as { properties?: object };
  const shown = query.split("&").map((pair) => {
    const [name, value] = splitOnce(pair, "=");
    if (Object.hasOwn(properties, name)) return pair;
    return value === undefined ? "***" : `${name}=***`;
  });
  return `${path}?${shown.join("&")}`;
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
