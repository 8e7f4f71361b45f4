import { topic, type UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { Authenticate } from "@tillkeeper/server/gateway/carriers/embedded/entrance";
import type { Allowance } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/budget";
import type { DeviceTransport } from "@tillkeeper/server/gateway/carriers/transport";
import type { Logger } from "@tillkeeper/server/platform/log/log";
import { generate, type Packet } from "mqtt-packet";
import { onTestFinished } from "vitest";
import { openBrokerAlone } from "../brokers/embedded-broker.ts";
import { connectOf, RawLink } from "./raw-link.ts";

export const [one, other] = ["T40000001-T0001-D1", "T40000002-T0001-D1"];
const infinity = Number.POSITIVE_INFINITY;
export const endless: Allowance = { messages: infinity, others: infinity, bytes: infinity };

/** Returns a PUBLISH on a channel of the first terminal, or on a topic that no terminal has. */
export function said(channel: UpChannel | "nothing_known", payload: string | Buffer, qos: 0 | 1 | 2 = 1): Packet {
  const to = channel === "nothing_known" ? "somewhere/else" : topic(one, channel);
  return { cmd: "publish", topic: to, payload, qos, dup: false, retain: false, messageId: 7 };
}
const heartbeat = JSON.stringify({ session: "0b7a1bb1-6a4d-4f0e-8f0c-0d8d7b9a3c11", sent_at: "2026-11-27T10:00:00Z" });
const filters = (count: number) => Array.from({ length: count }, () => topic(one, "command"));
/** Returns a SUBSCRIBE with `count` filters. */
export const subscribe = (count: number): Packet => ({
  cmd: "subscribe",
  messageId: 7,
  subscriptions: filters(count).map((name) => ({ topic: name, qos: 1 as const })),
});
const unsubscribe = (count: number): Packet => ({ cmd: "unsubscribe", messageId: 7, unsubscriptions: filters(count) });

/** The packets that MQTT lets a terminal send as often as it likes, by name. */
export const allowed: [string, Packet][] = [
  ["PINGREQ", { cmd: "pingreq" }],
  ["PUBACK of nothing", { cmd: "puback", messageId: 7 }],
  ["SUBSCRIBE", subscribe(1)],
  ["SUBSCRIBE with many filters", subscribe(100)],
  ["SUBSCRIBE to what it may not have", { ...subscribe(0), subscriptions: [{ topic: "#", qos: 1 }] } as Packet],
  ["UNSUBSCRIBE", unsubscribe(1)],
  ["UNSUBSCRIBE with many filters", unsubscribe(100)],
  ["PUBLISH heartbeat, QoS 0", said("heartbeat", heartbeat, 0)],
  ["PUBLISH heartbeat, QoS 1", said("heartbeat", heartbeat)],
  ["PUBLISH hello", said("hello", "{}")],
  ["PUBLISH that is not JSON", said("result", "x")],
  ["PUBLISH of the largest size", said("result", Buffer.alloc(65_000, "["))],
];

/** The packets on which the broker closes the connection at once, by name. */
export const forbidden: [string, Packet | Buffer][] = [
  ["CONNECT again", connectOf(one)],
  ["PUBLISH to another topic", said("nothing_known", "{}")],
  ["PUBLISH with QoS 2", said("heartbeat", heartbeat, 2)],
  ["PUBLISH that is too large", said("heartbeat", Buffer.alloc(70_000, "x"))],
  ["PUBREC", Buffer.from([0x50, 2, 0, 1])],
  ["PUBREL", Buffer.from([0x62, 2, 0, 1])],
  ["PUBCOMP", Buffer.from([0x70, 2, 0, 1])],
  ["SUBSCRIBE with too many filters", subscribe(101)],
  ["UNSUBSCRIBE with too many filters", unsubscribe(101)],
  ["what only servers send", Buffer.from([0xd0, 0])],
];

/** Repeats a packet until the bytes are at least 1 MiB. */
export function megabyteOf(packet: Packet | Buffer): { bytes: Buffer; packets: number } {
  const single = Buffer.isBuffer(packet) ? packet : generate(packet);
  const packets = Math.ceil(2 ** 20 / single.length);
  return { bytes: Buffer.alloc(packets * single.length, single), packets };
}

let broker: DeviceTransport;

/** Returns the broker of the current test. */
export function theBroker(): DeviceTransport {
  return broker;
}

interface More {
  log?: Logger;
  authenticate?: Authenticate;
}

/** Opens a broker, which is closed after the test. */
export async function open(allowance: Allowance | undefined, more: More = {}) {
  broker = await openBrokerAlone({ ...(allowance && { allowance }), ...more });
  const opened = broker;
  onTestFinished(() => opened.close());
}

/** Opens a connection that the broker has accepted. */
export async function enter(address: string, clientId = address): Promise<RawLink> {
  const link = await RawLink.open(broker.url());
  onTestFinished(() => link.end());
  link.say(connectOf(address, { clientId }));
  await link.next("connack");
  return link;
}

/**
 * Connects a terminal that answers each PINGRESP with the next PINGREQ. Returns a function for the number of answers
 * so far.
 */
export async function asking(): Promise<() => number> {
  const link = await enter(other);
  let answers = 0;
  link.socket.on("data", () => {
    answers += 1;
    link.say({ cmd: "pingreq" });
  });
  link.say({ cmd: "pingreq" });
  return () => answers;
}
