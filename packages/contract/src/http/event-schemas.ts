import { type Static, type TSchema, Type } from "typebox";
import { ClosingReason, ClosingTerminalState } from "../closings/states.ts";
import { type EventObject, type EventType, eventIdPattern, type eventKinds, eventTypes } from "../events.ts";
import { PresenceReason, PresenceStatus } from "../presence.ts";
import { Uuid } from "../scalars.ts";
import { BusinessDay, Closing } from "./closing-schemas.ts";
import { HookSubscription } from "./hook-schemas.ts";
import { Operation } from "./operations.ts";
import { PayoutDestinationListItem } from "./payout-destinations.ts";
import { Store } from "./stores.ts";
import { Terminal } from "./terminals.ts";

/** What each event carries, under its object's name: what changed, as the API shows it. */
const objects = {
  store: Store,
  terminal: Terminal,
  payout_destination: PayoutDestinationListItem,
  terminal_operation: Operation,
  presence: Type.Object(
    {
      terminal_id: Type.String(),
      status: PresenceStatus,
      reason: PresenceReason,
      at: Type.String({ format: "date-time" }),
    },
    { description: "The status that a terminal has from then on, and why." },
  ),
  pairing: Type.Object(
    {
      terminal_id: Type.String(),
      device_serial_number: Type.String(),
      device_address: Type.String(),
      pairing_reference: Type.Optional(Type.String({ description: "Of the code, if it has one." })),
    },
    { description: "The device that paired." },
  ),
  store_closing: Closing,
  missed_closing: Type.Object(
    {
      store_id: Type.String(),
      business_day: BusinessDay,
      closing_id: Type.Optional(Uuid),
      reason: Type.Enum(["not_closed", "not_tried"] as const, {
        description:
          "not_closed: it was tried until the end of the time for it. not_tried: no server was there in that time.",
      }),
      text: Type.String({ description: "What happened and what follows from it, as sentences for a person." }),
      due_at: Type.String({ format: "date-time" }),
      tried_until: Type.String({ format: "date-time" }),
      retryable: Type.Boolean(),
      next_step: Type.String(),
      next_step_text: Type.String(),
      terminals: Type.Array(
        Type.Object({
          terminal_id: Type.String(),
          state: Type.Optional(ClosingTerminalState),
          reason: Type.Optional(ClosingReason),
        }),
      ),
    },
    { description: "The business day that was not closed, and the terminals that are still open." },
  ),
  subscription: HookSubscription,
} satisfies Record<EventObject, TSchema>;

const payloads = Type.Partial(Type.Object(objects));

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
    ...payloads.properties,
  },
  {
    description:
      "An event, with what changed as the API shows it: a store, a terminal or a payout destination as it was then, an operation as it was " +
      "then, a closing as it is now. Absent where nothing of it is kept any more.",
  },
);
export type EventEnvelope = Static<typeof EventEnvelope>;

/** An event with this name: of the fields that show what changed it has the one of its kind. */
export type EventOf<Name extends EventType> = Omit<EventEnvelope, EventObject | "event" | "type"> & {
  event: Name;
  type: Name;
} & Pick<EventEnvelope, (typeof eventKinds)[Name]["object"]>;

/** An event of any name; `event` tells which. */
export type AnyEvent = { [Name in EventType]: EventOf<Name> }[EventType];
