import type { FastifyRequest } from "fastify";
import { Type } from "typebox";

/** Query parameters that every list takes (D22). */
const pageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 10, description: "How many rows at most." }),
  starting_after: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: "`starting_after` of the page before." }),
  ),
};

/** The query of a list without filters of its own. */
export const ListQuery = Type.Object(
  { ...pageQuery, include_deleted: Type.Optional(Type.Boolean({ description: "Show DELETED rows, too." })) },
  { additionalProperties: false },
);

/** Cuts the one row too many that was read to see whether there is a next page. */
export function cutPage<T>(rows: T[], limit: number): { page: T[]; last: T | undefined } {
  const page = rows.slice(0, limit);
  return { page, last: rows.length > limit ? page.at(-1) : undefined };
}

/** RFC 8288, relative to this request, so that it holds behind any proxy. */
export function nextLink(request: FastifyRequest, startingAfter: string): string {
  const url = new URL(request.url, "http://relative");
  url.searchParams.set("starting_after", startingAfter);
  return `<${url.pathname}${url.search}>; rel="next"`;
}
