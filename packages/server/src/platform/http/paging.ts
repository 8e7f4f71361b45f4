import { Type } from "typebox";

/** Query parameters that every list takes (D22). */
export const pageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 10, description: "How many rows at most." }),
  starting_after: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: "`starting_after` of the page before." }),
  ),
};

/** Cuts the one row too many that was read to see whether there is a next page. */
export function cutPage<T>(rows: T[], limit: number): { page: T[]; last: T | undefined } {
  const page = rows.slice(0, limit);
  return { page, last: rows.length > limit ? page.at(-1) : undefined };
}
