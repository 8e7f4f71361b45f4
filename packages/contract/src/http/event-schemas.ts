import { type Static, Type } from "typebox";
import { eventIdPattern, eventKinds, eventTypes } from "../events.ts";

const objects = [...new Set(Object.values(eventKinds).map(({ object }) => object))];

/** An event as webhooks, stream and pages carry it: the documented envelope, with the attributes of CloudEvents 1.0 beside it. */
export const EventEnvelope = Type.Object(
  {
    account_id: Type.String(),
    event: Type.Enum(eventTypes, { description: "The name of the event." }),
    id: Type.String({
      pattern: eventIdPattern,
      description:
        "The same in every delivery and for every reader. Positions, the part behind the dash, count 1, 2, 3 … within the account, without gaps.",
      examples: ["9f3a01bc-1042"],
    }),
    specversion: Type.Literal("1.0"),
    source: Type.String({ description: "The account's address.", examples: ["/v1/accounts/T12345678"] }),
    type: Type.Enum(eventTypes, { description: "As `event`." }),
    subject: Type.String({ description: "The id of what changed.", examples: ["T12345678-T0001"] }),
    time: Type.String({ format: "date-time" }),
    cause: Type.String({
      description:
        "What made it true: the action of the audit log, or what happened to the subject. An operation: accepted, ended, late_result, recovered.",
      examples: ["store.create", "ended"],
    }),
    store_id: Type.Optional(Type.String({ description: "The generated id of the store, as it was at that time." })),
    terminal_id: Type.Optional(Type.String()),
    actor: Type.String({ description: "Who did it: a client, a terminal, or a part of the server." }),
    request_id: Type.Optional(
      Type.String({ description: "The `request-id` of the request that did it; the audit log has it, too." }),
    ),
    ...Object.fromEntries(
      objects.map((name) => [
        name,
        Type.Optional(
          Type.Object({}, { additionalProperties: true, description: "What changed, as the API shows it." }),
        ),
      ]),
    ),
  },
  { additionalProperties: true },
);
export type EventEnvelope = Static<typeof EventEnvelope> & Partial<Record<(typeof objects)[number], object>>;
