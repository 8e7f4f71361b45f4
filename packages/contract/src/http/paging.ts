import { Type } from "typebox";

/** Query parameters that every list takes (D22). */
export const limit = Type.Integer({ minimum: 1, maximum: 100, default: 10, description: "How many rows at most." });
const startingAfter = "`starting_after` of the page before.";
export const startingAfterUuid = Type.Optional(Type.String({ format: "uuid", description: startingAfter }));

/** What a page says of the next one. */
export const nextPage = Type.Optional(
  Type.String({ description: "`starting_after` of the next page's request; absent on the last page." }),
);

/** The query of a list without filters of its own. */
export const ListQuery = Type.Object(
  {
    limit,
    starting_after: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: startingAfter })),
    include_deleted: Type.Optional(Type.Boolean({ description: "Show DELETED rows, too." })),
  },
  { additionalProperties: false },
);

/** The same for lists that tell in `Link` where their next page is. */
export const LinkedListQuery = Type.Object(
  {
    starting_after: Type.Optional(Type.String({ format: "uuid", description: "The last `id` of the page before." })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }),
  },
  { additionalProperties: false },
);
