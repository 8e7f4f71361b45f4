import { type Static, Type } from "typebox";
import { Uuid } from "../scalars.ts";
import { Identifier } from "../texts.ts";

export const OperationId = Uuid;
/** A UUID and a time, described for the field that they are used in. */
export const idField = (description: string) => Type.String({ format: "uuid", description });
export const timeField = (description: string) => Type.String({ format: "date-time", description });
/** Unknown fields are allowed: later versions of the protocol may add some. */
export const open = { additionalProperties: true } as const;

export const Session = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^[A-Za-z0-9._-]+$",
  description:
    "Names one connection; each has a name of its own. A message that names an older connection changes nothing. " +
    "Best `{run}.{n}`: `run` is random, new at each start of the program; `n` counts its connections (rule 37).",
});

/**
 * The run, one start of an agent's program, in a session's name; undefined for a name without one. A program that was
 * started again has another run, and sends nothing more from its earlier one.
 */
export function runOf(session: string | null | undefined): string | undefined {
  return /^([\w.-]+)\.\d{1,15}$/.exec(session ?? "")?.[1];
}

/**
 * What the server needs to store an operation that its database lost by going back to an earlier moment. The device keeps it,
 * and returns it unchanged with the result.
 */
export const Origin = Type.Object(
  {
    request: Type.Optional(
      Identifier({
        maxLength: 64,
        description: "Names the request: the command of a repeated request has the same value.",
      }),
    ),
    signed: Identifier({ maxLength: 2_000, description: "Signed data that only the server reads." }),
  },
  {
    ...open,
    description: "Keep it with the operation, and return it in the result unchanged, with all its fields.",
  },
);
export type Origin = Static<typeof Origin>;

export const PreviousClose = Type.Optional(
  Type.Union([OperationId, Type.Null()], {
    description:
      "With end_of_day always, with others never: the last close that the server knew of. Begin only if it is the last close in the log; null: only if the log has none.",
  }),
);
