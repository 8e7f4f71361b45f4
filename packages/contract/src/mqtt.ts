import { type Static, Type } from "typebox";
import { Abilities } from "./abilities.ts";
import { limits } from "./limits.ts";
import { idThat, OperationId, Origin, open, PreviousClose, Session, timeThat } from "./message-parts.ts";
import { DeviceReason } from "./operation-reasons.ts";
import {
  OperationError,
  OperationName,
  OperationParameters,
  operationKinds,
  operationNames,
  operationStatuses,
  WhenBusy,
} from "./operations.ts";
import { Uuid } from "./scalars.ts";
import { DeviceFault, Telemetry } from "./telemetry.ts";
import { FreeText } from "./texts.ts";

/**
 * The device protocol: MQTT 5 or 3.1.1, JSON payloads, QoS 1, nothing retained, clean sessions.
 * Topics are `tillkeeper/v1/{address}/{channel}`; what each channel is for stands in `channel-meanings.ts`.
 * The broker only carries: a PUBACK proves nothing, a receipt does.
 */
export const protocolVersion = 1;

export const upChannels = [
  "hello",
  "delivered",
  "started",
  "result",
  "cancel_refused",
  "heartbeat",
  "goodbye",
  "gone",
  "probe_answer",
] as const;
export type UpChannel = (typeof upChannels)[number];
export const downChannels = ["welcome", "command", "receipt", "cancel", "memory", "rejection", "probe"] as const;
export type DownChannel = (typeof downChannels)[number];

/**
 * After how many seconds a broker of MQTT 5 may throw away what an agent says, because it is of no use any more. Anything else
 * counts whenever it comes.
 */
export const messageExpirySeconds: { readonly [Channel in UpChannel]?: number } = { heartbeat: 60, probe_answer: 3 };

const root = "tillkeeper/v1";

/** `address`: of the device that speaks, or is spoken to. */
export function topic(address: string, channel: UpChannel | DownChannel): string {
  return `${root}/${address}/${channel}`;
}

/** Everything that devices say, for the server to subscribe to on an outside broker. */
export function upTopicFilters(): string[] {
  return upChannels.map((channel) => `${root}/+/${channel}`);
}

/** Everything that concerns one device: the prefix it may publish and subscribe below, ending in `/`. */
export function deviceTopicPrefix(address: string): string {
  return `${root}/${address}/`;
}

const allChannels = [...upChannels, ...downChannels];

/** `undefined` for a topic that is not one of ours. Whether the address has the form of one is not looked at. */
export function parseTopic(text: string): { address: string; channel: UpChannel | DownChannel } | undefined {
  const [first, version, address, channel, ...rest] = text.split("/");
  if (`${first}/${version}` !== root || !address || !channel || rest.length > 0) return undefined;
  const known = allChannels.find((name) => name === channel);
  return known && { address, channel: known };
}

/**
 * The client ids a device may connect with: its address, or that address, a colon and anything, for a second connection.
 * A broker ends the older of two connections with one client id, so another device's address must not be taken.
 */
export function clientIdBelongsTo(clientId: string, address: string): boolean {
  return clientId === address || clientId.startsWith(`${address}:`);
}

/** How far the log of an address is: the last number, and the id that stands under it; 0 without an id for an empty one. */
export const Memory = Type.Object(
  {
    number: Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      description: "The last number that the server holds of the log of this address; 0 for none.",
    }),
    id: Type.Optional(idThat("The `operation_id` that stands under it; left out with 0.")),
  },
  { ...open, description: "How far the server holds your log." },
);
export type Memory = Static<typeof Memory>;

export const HelloMessage = Type.Object(
  {
    protocol: Type.Literal(protocolVersion),
    agent: FreeText({ minLength: 1, maxLength: 100, description: "Name and version of the program." }),
    sent_at: timeThat("Your own clock. The welcome repeats it."),
    session: Session,
    operations: Type.Array(
      Type.Object(
        {
          operation_id: OperationId,
          phase: Type.Enum(["delivered", "started"], { description: "The command waits, or it is begun." }),
        },
        open,
      ),
      {
        maxItems: limits.mqttHelloOperations,
        description: "Waiting or begun; empty if there is none. What is answered is told as a result.",
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
    server_time: timeThat("When the server wrote this."),
    hello_sent_at: timeThat("`sent_at` of the hello that this answers, letter for letter."),
    heartbeat_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "How often the server wants to hear a heartbeat; 30 where it says nothing.",
      }),
    ),
    memory: Memory,
  },
  open,
);
export type WelcomeMessage = Static<typeof WelcomeMessage>;

const transferring = operationNames.filter((name) => operationKinds[name].transfer !== null);

/** Where the files of an operation go or come from over HTTPS: the bundle of `send_logs`, the manifest of `check_update`. */
export const Transfer = Type.Object(
  {
    url: Type.String({ pattern: "^https?://", maxLength: 2_000, description: "May hold a `?` already." }),
    token: Type.String({ description: "Bearer token, good for this operation of this terminal only." }),
    expires_at: timeThat("When the token ends, a minute after the operation's own `expires_at`."),
  },
  {
    ...open,
    description: `Always with ${transferring.join(" and ")}, and only there: files go there, or come from there.`,
  },
);
export type Transfer = Static<typeof Transfer>;

export const CommandMessage = Type.Object(
  {
    operation_id: OperationId,
    operation: OperationName,
    parameters: OperationParameters,
    when_busy: Type.Optional(WhenBusy),
    created_at: timeThat("When the operation was accepted."),
    expires_at: timeThat("Never begin it at or after this instant."),
    sent_at: timeThat("The server's time when it sent this copy."),
    previous_close: PreviousClose,
    origin: Origin,
    transfer: Type.Optional(Transfer),
  },
  open,
);
export type CommandMessage = Static<typeof CommandMessage>;

export const DeliveredMessage = Type.Object(
  { operation_id: OperationId, received_at: timeThat("When its first copy came, by your own clock.") },
  open,
);
export type DeliveredMessage = Static<typeof DeliveredMessage>;

export const StartedMessage = Type.Object(
  { operation_id: OperationId, started_at: timeThat("When it was begun, by your own clock. The same in every copy.") },
  open,
);
export type StartedMessage = Static<typeof StartedMessage>;

export const ResultMessage = Type.Object(
  {
    number: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2_147_483_647,
        description: "Its place in the log of this address. Left out of what the journal could not take (rule 14).",
      }),
    ),
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_147_483_646,
        description: "The number that the journal has before it, 0 for none; left out where that is one less.",
      }),
    ),
    operation_id: idThat("As in the command; of a close by hand a random one."),
    operation: Type.Enum([...operationNames], { description: "As in the command, also one that you do not know." }),
    status: Type.Enum(["COMPLETED", "FAILED"]),
    started_at: Type.Optional(timeThat("When it was begun, as in `started`; left out if it never was.")),
    finished_at: timeThat("When the entry was written, by your own clock."),
    result: Type.Optional(
      Type.Unknown({ description: "Always with COMPLETED, and only there: what came of that operation." }),
    ),
    reason: Type.Optional(DeviceReason),
    error: Type.Optional(OperationError),
    unknown_end: Type.Optional(
      Type.Literal(true, { description: "With FAILED: it was begun, and the device cannot say whether it was done." }),
    ),
    last_close: Type.Optional(idThat("With out_of_step: the last close of the log; left out if it has none.")),
    repeats: Type.Optional(idThat("The operation of the same request, whose result this is.")),
    by_hand: Type.Optional(
      Type.Literal(true, { description: "Nobody asked for it here: the day was closed at the terminal." }),
    ),
    origin: Type.Optional(Origin),
  },
  open,
);
export type ResultMessage = Static<typeof ResultMessage>;

/**
 * `UNKNOWN`: the server has no such operation for this terminal, and what came of it tells nobody anything. Without a
 * status the result was not the next one: it is to be told again after those before it.
 */
export const ReceiptMessage = Type.Object(
  {
    operation_id: idThat("As in the result."),
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
 * Carries what a terminal needs that has never seen the command: it then answers FAILED, `cancelled`, and never begins. An
 * `end_of_day` it gives up only after the comparison that beginning takes.
 */
export const CancelMessage = Type.Object(
  {
    operation_id: OperationId,
    operation: Type.Enum([...operationNames], { description: "As in the command." }),
    created_at: timeThat("As in the command."),
    expires_at: timeThat("As in the command."),
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
    sent_at: timeThat("Your own clock."),
    round_trip_ms: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 600_000, description: "Milliseconds from your last hello to its welcome." }),
    ),
    memory: Type.Optional({
      ...Memory,
      description: "How far you believe that the server holds your log, as it said last. Answered if that is not so.",
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

export const ProbeMessage = Type.Object({ probe_id: Uuid, sent_at: timeThat("When the server sent it.") }, open);
export type ProbeMessage = Static<typeof ProbeMessage>;

export const ProbeAnswerMessage = Type.Object({ probe_id: Uuid }, open);
export type ProbeAnswerMessage = Static<typeof ProbeAnswerMessage>;

/** Payload by channel, for whoever publishes or handles. */
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
 * Whether a result may have closed a batch: what the next close has to know of. An answer that is repeated for the same request
 * is no close of its own.
 */
export function mayHaveClosed({ operation, status, result, unknown_end, repeats }: ResultMessage): boolean {
  if (operation !== "end_of_day" || repeats !== undefined) return false;
  if (status === "FAILED") return unknown_end === true;
  return (result as { outcome?: unknown } | undefined)?.outcome !== "declined";
}
