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
