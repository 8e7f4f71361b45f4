import { type Static, Type } from "typebox";
import { Uuid } from "./scalars.ts";
import { Identifier } from "./texts.ts";

export const OperationId = Uuid;
/** Both with what they mean where they stand. */
export const idThat = (description: string) => Type.String({ format: "uuid", description });
export const timeThat = (description: string) => Type.String({ format: "date-time", description });
/** Later versions may add fields. */
export const open = { additionalProperties: true } as const;

export const Session = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^[A-Za-z0-9._-]+$",
  description:
    "Names one connection, new for each: what is said of an older one changes nothing. Best `{run}.{n}`: " +
    "`run` is random, new at each start of the program; `n` counts its connections (rule 37).",
});

/**
 * The run of the program that a session belongs to; undefined where its name tells of none. A program that was started
 * anew has another run, and its earlier one never speaks again.
 */
export function runOf(session: string | null | undefined): string | undefined {
  return /^([\w.-]+)\.\d{1,15}$/.exec(session ?? "")?.[1];
}

/**
 * What the server needs to store an operation that it does not know any more, because its database went back. The device keeps
 * it and brings it back with the result, as it is.
 */
export const Origin = Type.Object(
  {
    request: Type.Optional(
      Identifier({
        maxLength: 64,
        description: "Equal for commands that came of one request: a repeated one has it again.",
      }),
    ),
    signed: Identifier({ maxLength: 2_000, description: "For the server alone." }),
  },
  {
    ...open,
    description: "Keep it with the operation, and bring it back in the result as it came, with all its fields.",
  },
);
export type Origin = Static<typeof Origin>;

export const PreviousClose = Type.Optional(
  Type.Union([OperationId, Type.Null()], {
    description:
      "Always with end_of_day, and only there: the last close that the server knew of. Begin only if it is the last of the log; null: if the log has none.",
  }),
);
