import { isUtf8 } from "node:buffer";
import { type Frame, ProtocolError } from "./frames.ts";

export interface Will {
  topic: string;
  payload: Buffer;
  qos: number;
}

export interface ConnectPacket {
  kind: "connect";
  /** 3 for MQTT 3.1, 4 for 3.1.1, 0 for any other, of which nothing else is known. */
  level: number;
  clientId: string;
  keepaliveSeconds: number;
  will: Will | undefined;
  username: string | undefined;
  password: Buffer | undefined;
}

export interface PublishPacket {
  kind: "publish";
  topic: string;
  payload: Buffer;
  qos: number;
  /** 0 with QoS 0. */
  id: number;
}

export type Incoming =
  | ConnectPacket
  | PublishPacket
  | { kind: "subscribe"; id: number; wishes: { filter: string; qos: number }[] }
  | { kind: "unsubscribe"; id: number; filters: string[] }
  | { kind: "puback"; id: number }
  | { kind: "pingreq" | "disconnect" };

/** By the number of the packet's type; a client may send no others here: nothing goes out with QoS 2, and nothing comes in. */
const decoders: Partial<Record<number, (body: Fields, flags: number) => Incoming>> = {
  1: decodeConnect,
  3: decodePublish,
  4: (body) => ({ kind: "puback", ...body.packetId() }),
  8: decodeSubscribe,
  10: decodeUnsubscribe,
  12: () => ({ kind: "pingreq" }),
  14: () => ({ kind: "disconnect" }),
};
const publishType = 3;
/** What the four bits beside the type have to be, where it is not 0. */
const fixedFlags: Partial<Record<number, number>> = { 8: 0b0010, 10: 0b0010 };

/** What a packet says. Throws `ProtocolError` at anything that MQTT 3.1.1 does not know. */
export function decode({ type, flags, body }: Frame): Incoming {
  const decoder = decoders[type];
  if (!decoder) throw new ProtocolError(`a packet of type ${type}`);
  if (type !== publishType && flags !== (fixedFlags[type] ?? 0))
    throw new ProtocolError(`flags ${flags} of type ${type}`);
  const fields = new Fields(body);
  const packet = decoder(fields, flags);
  if (fields.left > 0) throw new ProtocolError(`${fields.left} bytes too many`);
  return packet;
}

const connectFlags = { reserved: 0x01, will: 0x04, willRetain: 0x20, password: 0x40, username: 0x80 };
const protocolLevels: Partial<Record<string, number>> = { MQIsdp: 3, MQTT: 4 };

function decodeConnect(body: Fields): ConnectPacket {
  const name = body.text();
  const level = body.byte();
  const known = protocolLevels[name];
  if (known === undefined) throw new ProtocolError("not MQTT");
  if (level !== known) {
    body.rest();
    return { kind: "connect", level: 0, clientId: "", keepaliveSeconds: 0, ...nobody };
  }
  const flags = body.byte();
  const has = (flag: number) => (flags & flag) !== 0;
  const willQos = (flags >> 3) & 0b11;
  const foul = !has(connectFlags.will) && (willQos > 0 || has(connectFlags.willRetain));
  const nameless = has(connectFlags.password) && !has(connectFlags.username);
  if (has(connectFlags.reserved) || willQos === 3 || foul || nameless)
    throw new ProtocolError(`connect flags ${flags}`);
  // In the order in which they stand there.
  return {
    kind: "connect",
    level,
    keepaliveSeconds: body.uint16(),
    clientId: body.text(),
    will: has(connectFlags.will) ? { topic: body.text(), payload: body.bytes(), qos: willQos } : undefined,
    username: has(connectFlags.username) ? body.text() : undefined,
    password: has(connectFlags.password) ? body.bytes() : undefined,
  };
}

const nobody = { will: undefined, username: undefined, password: undefined };

function decodePublish(body: Fields, flags: number): PublishPacket {
  const qos = (flags >> 1) & 0b11;
  if (qos === 3) throw new ProtocolError("QoS 3");
  const topic = body.text();
  return { kind: "publish", topic, qos, id: qos > 0 ? body.packetId().id : 0, payload: body.rest() };
}

/** In one packet. A terminal has less than a dozen topics. */
const mostFilters = 100;

function refuseTooMany(filters: unknown[]): void {
  if (filters.length === mostFilters) throw new ProtocolError(`more than ${mostFilters} filters`);
}

function decodeSubscribe(body: Fields): Incoming {
  const { id } = body.packetId();
  const wishes: { filter: string; qos: number }[] = [];
  do {
    refuseTooMany(wishes);
    const filter = body.filter();
    const qos = body.byte();
    if (qos > 2) throw new ProtocolError(`QoS ${qos}`);
    wishes.push({ filter, qos });
  } while (body.left > 0);
  return { kind: "subscribe", id, wishes };
}

function decodeUnsubscribe(body: Fields): Incoming {
  const { id } = body.packetId();
  const filters: string[] = [];
  do {
    refuseTooMany(filters);
    filters.push(body.filter());
  } while (body.left > 0);
  return { kind: "unsubscribe", id, filters };
}

/** Reads one field after the other; throws where there is none. */
class Fields {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  byte(): number {
    return this.#take(1)[0] as number;
  }

  uint16(): number {
    const start = this.#at;
    this.#take(2);
    return this.#body.readUInt16BE(start);
  }

  packetId(): { id: number } {
    const id = this.uint16();
    if (id === 0) throw new ProtocolError("packet identifier 0");
    return { id };
  }

  bytes(): Buffer {
    return this.#take(this.uint16());
  }

  text(): string {
    const bytes = this.bytes();
    // A NUL is refused as well, as MQTT says.
    if (!isUtf8(bytes) || bytes.includes(0)) throw new ProtocolError("text that is none");
    return bytes.toString("utf8");
  }

  /** MQTT-4.7.3-1: at least one character long. */
  filter(): string {
    const filter = this.text();
    if (filter === "") throw new ProtocolError("an empty topic filter");
    return filter;
  }

  rest(): Buffer {
    return this.#take(this.left);
  }

  #take(length: number): Buffer {
    if (length > this.left) throw new ProtocolError("a packet that ends too soon");
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }
}
