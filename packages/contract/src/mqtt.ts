import { type Static, Type } from "typebox";
import { limits } from "./limits.ts";
import {
  OperationError,
  OperationName,
  OperationParameters,
  OperationReason,
  operationStatuses,
} from "./operations.ts";

/**
 * The device protocol: MQTT 3.1.1, JSON payloads, QoS 1, nothing retained, clean sessions.
 *
 *   tillkeeper/v1/{terminal_id}/hello      terminal -> server   who I am and which operations I have begun
 *   tillkeeper/v1/{terminal_id}/welcome    server -> terminal   the server's time; ends the comparing of notes
 *   tillkeeper/v1/{terminal_id}/command    server -> terminal   do this, before `expires_at`
 *   tillkeeper/v1/{terminal_id}/started    terminal -> server   I have begun
 *   tillkeeper/v1/{terminal_id}/result     terminal -> server   this came of it; repeated until the receipt
 *   tillkeeper/v1/{terminal_id}/receipt    server -> terminal   it is committed; stop repeating
 *   tillkeeper/v1/{terminal_id}/rejection  server -> terminal   your message was not understood, and where
 *
 * The broker only carries: a PUBACK proves nothing, a receipt does.
 */
export const protocolVersion = 1;

export const upChannels = ["hello", "started", "result"] as const;
export type UpChannel = (typeof upChannels)[number];
export const downChannels = ["welcome", "command", "receipt", "rejection"] as const;
export type DownChannel = (typeof downChannels)[number];

const root = "tillkeeper/v1";

export function topic(terminalId: string, channel: UpChannel | DownChannel): string {
  return `${root}/${terminalId}/${channel}`;
}

/** Everything that terminals say, for the server to subscribe to on an outside broker. */
export function upTopicFilters(): string[] {
  return upChannels.map((channel) => `${root}/+/${channel}`);
}

/** Everything that concerns one terminal: the prefix it may publish and subscribe below, ending in `/`. */
export function terminalTopicPrefix(terminalId: string): string {
  return `${root}/${terminalId}/`;
}

/** `undefined` for a topic that is not one of ours. */
export function parseTopic(text: string): { terminalId: string; channel: UpChannel | DownChannel } | undefined {
  const [first, version, terminalId, channel, ...rest] = text.split("/");
  if (`${first}/${version}` !== root || !terminalId || !channel || rest.length > 0) return undefined;
  const known = [...upChannels, ...downChannels].find((name) => name === channel);
  return known && { terminalId, channel: known };
}

/**
 * The client ids a terminal may connect with: its own id, or that id, a colon and anything, for a second connection.
 * A broker ends the older of two connections with one client id, so another terminal's id must not be taken.
 */
export function clientIdBelongsTo(clientId: string, terminalId: string): boolean {
  return clientId === terminalId || clientId.startsWith(`${terminalId}:`);
}

const OperationId = Type.String({ format: "uuid" });
const Time = Type.String({ format: "date-time" });
const open = { additionalProperties: true } as const;

export const HelloMessage = Type.Object(
  {
    protocol: Type.Literal(protocolVersion),
    agent: Type.String({ minLength: 1, maxLength: 100, description: "Name and version of the program." }),
    sent_at: Time,
    operations: Type.Array(
      Type.Object({ operation_id: OperationId, phase: Type.Enum(["started", "answered"]) }, open),
      { maxItems: limits.mqttHelloOperations, description: "Begun or answered, and not yet receipted." },
    ),
  },
  open,
);
export type HelloMessage = Static<typeof HelloMessage>;

export const WelcomeMessage = Type.Object(
  {
    protocol: Type.Literal(protocolVersion),
    server_time: Time,
    hello_sent_at: Type.String({ format: "date-time", description: "Echo of `sent_at`, to measure the round trip." }),
  },
  open,
);
export type WelcomeMessage = Static<typeof WelcomeMessage>;

export const CommandMessage = Type.Object(
  {
    operation_id: OperationId,
    operation: OperationName,
    parameters: OperationParameters,
    created_at: Time,
    expires_at: Type.String({ format: "date-time", description: "Never begin it at or after this instant." }),
    sent_at: Type.String({ format: "date-time", description: "The server's time when it sent this copy." }),
  },
  open,
);
export type CommandMessage = Static<typeof CommandMessage>;

export const StartedMessage = Type.Object({ operation_id: OperationId, started_at: Time }, open);
export type StartedMessage = Static<typeof StartedMessage>;

export const ResultMessage = Type.Object(
  {
    operation_id: OperationId,
    operation: OperationName,
    status: Type.Enum(["COMPLETED", "FAILED"]),
    finished_at: Time,
    result: Type.Optional(Type.Unknown({ description: "With COMPLETED: the result of that operation." })),
    reason: Type.Optional(OperationReason),
    error: Type.Optional(OperationError),
  },
  open,
);
export type ResultMessage = Static<typeof ResultMessage>;

/** `UNKNOWN`: the server has no such operation for this terminal; there is nothing to repeat. */
export const ReceiptMessage = Type.Object(
  { operation_id: OperationId, status: Type.Enum([...operationStatuses, "UNKNOWN"]) },
  open,
);
export type ReceiptMessage = Static<typeof ReceiptMessage>;

export const RejectionMessage = Type.Object(
  {
    channel: Type.String({ description: "The channel of the message that was refused." }),
    operation_id: Type.Optional(Type.String()),
    errors: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }, open)),
  },
  open,
);
export type RejectionMessage = Static<typeof RejectionMessage>;

/** Payload by channel, for whoever publishes or handles. */
export const messages = {
  hello: HelloMessage,
  started: StartedMessage,
  result: ResultMessage,
  welcome: WelcomeMessage,
  command: CommandMessage,
  receipt: ReceiptMessage,
  rejection: RejectionMessage,
} as const satisfies Record<UpChannel | DownChannel, unknown>;

export interface Messages {
  hello: HelloMessage;
  started: StartedMessage;
  result: ResultMessage;
  welcome: WelcomeMessage;
  command: CommandMessage;
  receipt: ReceiptMessage;
  rejection: RejectionMessage;
}
