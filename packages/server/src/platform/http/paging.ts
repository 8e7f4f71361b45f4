import type { FastifyRequest } from "fastify";
import { type ApiError, invalidRequest } from "../errors.ts";
import { Answer } from "./route.ts";

/** Removes the extra row that was read to see whether there is a next page. */
export function cutPage<T>(rows: T[], limit: number): { page: T[]; last: T | undefined } {
  const page = rows.slice(0, limit);
  return { page, last: rows.length > limit ? page.at(-1) : undefined };
}

/** Reads `starting_after` of a list whose ids are a prefix and a number: the number. Throws `invalid_request`. */
export function numberAfter(prefix: string, startingAfter: string | undefined): number | undefined {
  if (startingAfter === undefined) return undefined;
  const digits = startingAfter.startsWith(prefix) ? startingAfter.slice(prefix.length) : "";
  if (/^\d{4,9}$/.test(digits)) return Number(digits);
  throw invalidStart();
}

/** The refusal of a `starting_after` that no page of the list gave. */
export function invalidStart(): ApiError {
  return invalidRequest({ path: "/query/starting_after", message: "is not a value that a page of this list gave" });
}

/** The answer of a list, with the address of its next page in `Link`. */
export function pageAnswer<Body>(request: FastifyRequest, body: Body, next: string | undefined): Answer<Body> {
  return new Answer(body, next === undefined ? {} : { headers: { link: nextLink(request, next) } });
}

/** RFC 8288, relative to this request, so that it holds behind any proxy. */
function nextLink(request: FastifyRequest, startingAfter: string): string {
  const url = new URL(request.url, "http://relative");
  url.searchParams.set("starting_after", startingAfter);
  return `<${url.pathname}${url.search}>; rel="next"`;
}
