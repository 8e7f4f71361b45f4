import { limits } from "@tillkeeper/contract/limits";
import { CancelMessage, CommandMessage, type Messages, messages } from "@tillkeeper/contract/mqtt/messages";
import { type DownChannel } from "@tillkeeper/contract/mqtt/topics";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";

const AnyOperation = Type.String({ minLength: 1, maxLength: 64 });

/** A command of a newer server that this version cannot carry out, as far as it has to be read to refuse it. */
const AnyCommand = Type.Object(
  {
    ...CommandMessage.properties,
    operation: AnyOperation,
    parameters: Type.Record(Type.String(), Type.Unknown()),
    when_busy: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: true },
);
export type AnyCommand = Static<typeof AnyCommand>;
const foreignCommand = Compile(AnyCommand);

/** A cancellation; its operation may be known only to a newer server. */
const Cancellation = Type.Object(
  { ...CancelMessage.properties, operation: AnyOperation },
  { additionalProperties: true },
);
export type Cancellation = Static<typeof Cancellation>;

const checks = {
  welcome: Compile(messages.welcome),
  command: Compile(messages.command),
  receipt: Compile(messages.receipt),
  cancel: Compile(Cancellation),
  memory: Compile(messages.memory),
  rejection: Compile(messages.rejection),
  probe: Compile(messages.probe),
};

interface Understood extends Omit<Messages, "cancel"> {
  cancel: Cancellation;
}

/**
 * A message that was read. `unsupported`: a command that this version can only refuse. `malformed`: against the
 * contract.
 */
export type Incoming =
  | { [Channel in DownChannel]: { channel: Channel; message: Understood[Channel] } }[DownChannel]
  | { channel: "unsupported"; message: AnyCommand }
  | { channel: "malformed"; problem: string };

/**
 * Reads the payload of one message. Never throws: a payload that does not fit the contract is returned as `malformed`.
 */
export function readMessage(channel: DownChannel, payload: Uint8Array): Incoming {
  if (payload.byteLength > limits.mqttPacketBytes) return malformed(`${payload.byteLength} bytes are too many`);
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return malformed("not JSON in UTF-8");
  }
  return fitting(channel, message) ?? malformed(describe(checks[channel].Errors(message)));
}

function fitting(channel: DownChannel, message: unknown): Incoming | undefined {
  switch (channel) {
    case "welcome":
      return checks.welcome.Check(message) ? { channel, message } : undefined;
    case "receipt":
      return checks.receipt.Check(message) ? { channel, message } : undefined;
    case "cancel":
      return checks.cancel.Check(message) ? { channel, message } : undefined;
    case "memory":
      return checks.memory.Check(message) ? { channel, message } : undefined;
    case "rejection":
      return checks.rejection.Check(message) ? { channel, message } : undefined;
    case "probe":
      return checks.probe.Check(message) ? { channel, message } : undefined;
    case "command":
      if (checks.command.Check(message)) return { channel, message };
      return foreignCommand.Check(message) ? { channel: "unsupported", message } : undefined;
    default:
      return channel satisfies never;
  }
}

function malformed(problem: string): Incoming {
  return { channel: "malformed", problem };
}

function describe(errors: { instancePath: string; message: string }[]): string {
  const [first] = errors;
  return first ? `${first.instancePath || "/"} ${first.message}` : "does not fit the contract";
}

/** Room for topic and MQTT header, which count towards the packet as well. */
const packetOverheadBytes = 512;

/** Whether a message fits into the largest MQTT packet of the protocol. */
export function fitsPacket(message: object): boolean {
  return Buffer.byteLength(JSON.stringify(message)) + packetOverheadBytes <= limits.mqttPacketBytes;
}
