import { type Static, Type } from "typebox";
import { Abilities } from "../abilities.ts";
import { limits } from "../limits.ts";
import { DeviceReason } from "../operation-reasons.ts";
import {
  OperationError,
  OperationName,
  OperationParameters,
  operationKinds,
  operationNames,
  operationStatuses,
  WhenBusy,
} from "../operations.ts";
import { Uuid } from "../scalars.ts";
import { DeviceFault, Telemetry } from "../telemetry.ts";
import { FreeText } from "../texts.ts";
import { idField, OperationId, Origin, open, PreviousClose, Session, timeField } from "./parts.ts";
import { type DownChannel, protocolVersion, type UpChannel } from "./topics.ts";

/** How far the server holds the log of an address: number and id of the last entry; 0 and no id for none. */
export const Memory = Type.Object(
  {
    number: Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      description: "The last number that the server holds of the log of this address; 0 for none.",
    }),
    id: Type.Optional(idField("The `operation_id` of the entry with that number; left out with 0.")),
  },
  { ...open, description: "How far the server holds your log." },
);
export type Memory = Static<typeof Memory>;

export const HelloMessage = Type.Object(
  {
    protocol: Type.Literal(protocolVersion),
    agent: FreeText({ minLength: 1, maxLength: 100, description: "Name and version of the program." }),
    sent_at: timeField("Your own clock. The welcome repeats it."),
    session: Session,
    operations: Type.Array(
      Type.Object(
        {
          operation_id: OperationId,
          phase: Type.Enum(["delivered", "started"], { description: "delivered: it waits. started: it has begun." }),
        },
        open,
      ),
      {
        maxItems: limits.mqttHelloOperations,
        description: "Operations that wait or have begun; may be empty. Answered ones are sent as results instead.",
      },
    ),
    abilities: Type.Optional(Abilities),
  },
  open,
);
export type HelloMessage = Static<typeof HelloMessage>;

export const WelcomeMessage = Type.Object(
  {
    protocol: Type.Literal(protocolVersion),
    server_time: timeField("When the server wrote this."),
    hello_sent_at: timeField("`sent_at` of the hello that this answers, letter for letter."),
    heartbeat_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "Seconds between heartbeats; 30 if it is left out.",
      }),
    ),
    memory: Memory,
  },
  open,
);
export type WelcomeMessage = Static<typeof WelcomeMessage>;

const transferring = operationNames.filter((name) => operationKinds[name].transfer !== null);

/** Where an agent uploads or downloads an operation's files by HTTPS: the log of `send_logs`, the manifest of `check_update`. */
export const Transfer = Type.Object(
  {
    url: Type.String({ pattern: "^https?://", maxLength: 2_000, description: "May have a query (`?`) already." }),
    token: Type.String({ description: "Bearer token, good for this operation of this terminal only." }),
    expires_at: timeField("When the token ends, a minute after the operation's own `expires_at`."),
  },
  {
    ...open,
    description: `With ${transferring.join(" and ")} always, with others never: where files are uploaded or downloaded.`,
  },
);
export type Transfer = Static<typeof Transfer>;

export const CommandMessage = Type.Object(
  {
    operation_id: OperationId,
    operation: OperationName,
    parameters: OperationParameters,
    when_busy: Type.Optional(WhenBusy),
    created_at: timeField("When the operation was accepted."),
    expires_at: timeField("Never begin it at or after this instant."),
    sent_at: timeField("The server's time when it sent this copy."),
    previous_close: PreviousClose,
    origin: Origin,
    transfer: Type.Optional(Transfer),
  },
  open,
);
export type CommandMessage = Static<typeof CommandMessage>;

export const DeliveredMessage = Type.Object(
  { operation_id: OperationId, received_at: timeField("When the command's first copy came, by your own clock.") },
  open,
);
export type DeliveredMessage = Static<typeof DeliveredMessage>;

export const StartedMessage = Type.Object(
  { operation_id: OperationId, started_at: timeField("When it was begun, by your own clock; equal in every copy.") },
  open,
);
export type StartedMessage = Static<typeof StartedMessage>;

export const ResultMessage = Type.Object(
  {
    number: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2_147_483_647,
        description:
          "The entry's place in the log of this address. Left out if the journal had no room for it (rule 14).",
      }),
    ),
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_147_483_646,
        description: "The number of the journal's entry before this one, 0 for none. Left out if it is `number` − 1.",
      }),
    ),
    operation_id: idField("As in the command; a random one for a close by hand."),
    operation: Type.Enum([...operationNames], { description: "As in the command, even if you do not know it." }),
    status: Type.Enum(["COMPLETED", "FAILED"]),
    started_at: Type.Optional(timeField("When it was begun, as in `started`; left out if it never was.")),
    finished_at: timeField("When the entry was written, by your own clock."),
    result: Type.Optional(
      Type.Unknown({ description: "With COMPLETED always, with FAILED never: the result of that operation." }),
    ),
    reason: Type.Optional(DeviceReason),
    error: Type.Optional(OperationError),
    unknown_end: Type.Optional(
      Type.Literal(true, { description: "With FAILED: it was begun; whether it was completed is not known." }),
    ),
    last_close: Type.Optional(idField("With out_of_step: the last close of the log; left out if it has none.")),
    repeats: Type.Optional(idField("The earlier operation of the same request, whose result this entry repeats.")),
    by_hand: Type.Optional(
      Type.Literal(true, { description: "The day was closed at the terminal, without a command." }),
    ),
    origin: Type.Optional(Origin),
  },
  open,
);
export type ResultMessage = Static<typeof ResultMessage>;

/**
 * The answer to a result. `UNKNOWN`: the server has no such operation for this terminal, and discards the result. Without a
 * status the result was not the next one of the log: the agent sends it again after the entries before it.
 */
export const ReceiptMessage = Type.Object(
  {
    operation_id: idField("As in the result."),
    status: Type.Optional(
      Type.Enum([...operationStatuses, "UNKNOWN"], {
        description: "What the server now holds of the operation; left out: nothing was stored.",
      }),
    ),
    memory: Memory,
  },
  open,
);
export type ReceiptMessage = Static<typeof ReceiptMessage>;

/**
 * Carries what a terminal needs that never received the command. Such a terminal answers FAILED, `cancelled`, and never
 * begins the operation. It gives up an `end_of_day` only after it has compared `previous_close`, as before a begin.
 */
export const CancelMessage = Type.Object(
  {
    operation_id: OperationId,
    operation: Type.Enum([...operationNames], { description: "As in the command." }),
    created_at: timeField("As in the command."),
    expires_at: timeField("As in the command."),
    previous_close: PreviousClose,
    origin: Origin,
  },
  open,
);
export type CancelMessage = Static<typeof CancelMessage>;

export const CancelRefusedMessage = Type.Object(
  { operation_id: OperationId, error: Type.Optional(OperationError) },
  open,
);
export type CancelRefusedMessage = Static<typeof CancelRefusedMessage>;

export const MemoryMessage = Type.Object({ memory: Memory }, open);
export type MemoryMessage = Static<typeof MemoryMessage>;

export const RejectionMessage = Type.Object(
  {
    channel: Type.String({ description: "The channel of the message that was refused." }),
    operation_id: Type.Optional(Type.String({ description: "If the message named one." })),
    index: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          "Over HTTPS: which of the `messages` of its request it was, counted from 0. The others were taken.",
      }),
    ),
    errors: Type.Array(
      Type.Object(
        {
          path: Type.String({ description: "Where: a JSON pointer." }),
          message: Type.String({ description: "What is wrong." }),
        },
        open,
      ),
    ),
  },
  open,
);
export type RejectionMessage = Static<typeof RejectionMessage>;

export const HeartbeatMessage = Type.Object(
  {
    session: Session,
    sent_at: timeField("Your own clock."),
    round_trip_ms: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 600_000, description: "Milliseconds from your last hello to its welcome." }),
    ),
    memory: Type.Optional({
      ...Memory,
      description: "How far the server holds your log, as it said last. It answers if that is not so any more.",
    }),
    telemetry: Type.Optional(Telemetry),
    fault: Type.Optional(DeviceFault),
  },
  open,
);
export type HeartbeatMessage = Static<typeof HeartbeatMessage>;

export const GoodbyeMessage = Type.Object({ session: Session }, open);
export type GoodbyeMessage = Static<typeof GoodbyeMessage>;

export const GoneMessage = Type.Object({ session: Session }, open);
export type GoneMessage = Static<typeof GoneMessage>;

export const ProbeMessage = Type.Object({ probe_id: Uuid, sent_at: timeField("When the server sent it.") }, open);
export type ProbeMessage = Static<typeof ProbeMessage>;

export const ProbeAnswerMessage = Type.Object({ probe_id: Uuid }, open);
export type ProbeAnswerMessage = Static<typeof ProbeAnswerMessage>;

/** The schema of each channel's payload. */
export const messages = {
  hello: HelloMessage,
  delivered: DeliveredMessage,
  started: StartedMessage,
  result: ResultMessage,
  cancel_refused: CancelRefusedMessage,
  heartbeat: HeartbeatMessage,
  goodbye: GoodbyeMessage,
  gone: GoneMessage,
  probe_answer: ProbeAnswerMessage,
  welcome: WelcomeMessage,
  command: CommandMessage,
  receipt: ReceiptMessage,
  cancel: CancelMessage,
  memory: MemoryMessage,
  rejection: RejectionMessage,
  probe: ProbeMessage,
} as const satisfies Record<UpChannel | DownChannel, unknown>;

/** The type of each channel's payload. */
export interface Messages {
  hello: HelloMessage;
  delivered: DeliveredMessage;
  started: StartedMessage;
  result: ResultMessage;
  cancel_refused: CancelRefusedMessage;
  heartbeat: HeartbeatMessage;
  goodbye: GoodbyeMessage;
  gone: GoneMessage;
  probe_answer: ProbeAnswerMessage;
  welcome: WelcomeMessage;
  command: CommandMessage;
  receipt: ReceiptMessage;
  cancel: CancelMessage;
  memory: MemoryMessage;
  rejection: RejectionMessage;
  probe: ProbeMessage;
}

/**
 * Whether a result may have closed a batch, so that the next close must name it as `previous_close`. A result that repeats
 * an earlier one for the same request is not a close of its own.
 */
export function mayHaveClosed({ operation, status, result, unknown_end, repeats }: ResultMessage): boolean {
  if (operation !== "end_of_day" || repeats !== undefined) return false;
  if (status === "FAILED") return unknown_end === true;
  return (result as { outcome?: unknown } | undefined)?.outcome !== "declined";
}
