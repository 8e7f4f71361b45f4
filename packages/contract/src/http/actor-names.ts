import { Type } from "typebox";

/** The name beside a `created_by` or an actor. It is looked up when it is shown: a person who gets another name has it everywhere. */
export const actorName = Type.Optional(
  Type.String({
    description:
      "The name of that person or client, as far as it has one in this account. Only answers to GET show it.",
    examples: ["Kari Nordmann"],
  }),
);
