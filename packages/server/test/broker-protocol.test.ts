import { topic, type UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { letIn, openBrokerAlone } from "@tillkeeper/stage/brokers/embedded-broker";
import { type ConnectFields, connectOf, RawLink } from "@tillkeeper/stage/devices/raw-link";
import type { IPublishPacket, Packet } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeviceTransport } from "../src/gateway/carriers/transport.ts";

const patience = { interval: 5 };
const terminal = "T40000001-T0001";
const device = `${terminal}-D7`;
const at = new Date().toISOString();
const welcome = { protocol: 1, server_time: at, hello_sent_at: at, memory: { number: 0 } } as const;

function publishOf(channel: UpChannel, messageId: number, more: Partial<IPublishPacket> = {}): IPublishPacket {
  const to = topic(device, channel);
  return { cmd: "publish", topic: to, payload: "{}", qos: 1, dup: false, retain: false, messageId, ...more };
}

function subscribeOf(ends: [string, 0 | 1 | 2][], messageId = 1): Packet {
  const subscriptions = ends.map(([end, qos]) => ({ topic: `tillkeeper/v1/${device}/${end}`, qos }));
  return { cmd: "subscribe", messageId, subscriptions };
}

describe("MQTT at the embedded broker", () => {
  let broker: DeviceTransport;
  const links: RawLink[] = [];
  let received: string[];
  /** Promises that delay authentication and handling. */
  let entering: Promise<void> | undefined;
  let handling: Promise<void> | undefined;
  beforeEach(async () => {
    [received, entering, handling] = [[], undefined, undefined];
    broker = await openBrokerAlone({
      async authenticate(username, password) {
        await entering;
        if (password?.toString() === "trouble") throw new Error("the database is away");
        return password?.toString() === "x" ? letIn(username) : undefined;
      },
      async receive(_address, channel, payload) {
        received.push(`${channel} ${payload.toString()}`);
        await handling;
      },
    });
  });
  afterEach(async () => {
    for (const link of links.splice(0)) link.end();
    await broker.close();
  });
  async function open(): Promise<RawLink> {
    const link = await RawLink.open(broker.url());
    links.push(link);
    return link;
  }
  async function enter(more: ConnectFields = {}): Promise<RawLink> {
    const link = await open();
    link.say(connectOf(device, more));
    expect(await link.next("connack")).toMatchObject({ returnCode: 0, sessionPresent: false });
    return link;
  }

  it.each<[string, ConnectFields, number]>([
    ["MQTT 5, so that agents fall back", { protocolVersion: 5 }, 1],
    ["MQTT 3.1 with a longer client id than it knows", { ...old(), clientId: `${device}:234567890` }, 2],
    ["a client id without end", { clientId: `${device}:${"x".repeat(128)}` }, 2],
    ["another terminal's client id", { clientId: "T40000001-T0002-D7" }, 4],
    ["the client id of another device of the terminal", { clientId: `${terminal}-D70` }, 4],
    ["no user name", { username: undefined, password: undefined }, 4],
    ["no password", { password: undefined }, 4],
    ["a wrong password", { password: Buffer.from("y") }, 4],
    ["a right one while the database is away", { password: Buffer.from("trouble") }, 3],
  ])("refuses with a code, and ends the connection: %s", async (_what, more, returnCode) => {
    const link = await open();
    link.say(connectOf(device, more), publishOf("hello", 1));
    expect(await link.next("connack")).toMatchObject({ returnCode });
    await link.closed();
    expect(received).toEqual([]);
    expect(broker.connections()).toEqual([]);
  });

  it("speaks MQTT 3.1 as well", async () => {
    await enter(old());
    expect(broker.connections()).toHaveLength(1);
  });

  it("takes what comes with the CONNECT, in order, once the terminal is let in, and not too much of it", async () => {
    const { promise, resolve: go } = Promise.withResolvers<void>();
    entering = promise;
    const link = await open();
    link.say(connectOf(device), subscribeOf([["welcome", 1]]), publishOf("hello", 2), publishOf("heartbeat", 3));
    const hasty = await open();
    hasty.say(connectOf(device, { clientId: `${device}:2` }), publishOf("hello", 1, { payload: "x".repeat(60_000) }));
    hasty.say(publishOf("hello", 2, { payload: "x".repeat(60_000) }));
    await hasty.closed();
    expect(received).toEqual([]);
    go();
    await link.next("puback", 1);
    expect(link.received.map(({ cmd }) => cmd)).toEqual(["connack", "suback", "puback", "puback"]);
    expect(received).toEqual(["hello {}", "heartbeat {}"]);
    expect(broker.connections()).toHaveLength(1);
  });

  it.each<[string, (Packet | Buffer)[]]>([
    ["a second CONNECT", [connectOf(device)]],
    ["bytes that are no packet", [Buffer.from([0xf0, 0])]],
    ["QoS 2", [publishOf("hello", 1, { qos: 2 })]],
    ["a topic of the server's", [{ ...publishOf("hello", 1), topic: topic(device, "command") }]],
    ["another terminal's topic", [{ ...publishOf("hello", 1), topic: topic("T40000001-T0002-D7", "hello") }]],
  ])("ends a connection, its will included: %s", async (_what, packets) => {
    const will = { topic: topic(device, "gone"), payload: Buffer.from("gone"), qos: 1, retain: false } as const;
    const link = await enter({ will });
    link.say(...packets);
    await link.closed();
    await vi.waitUntil(() => received.length > 0, patience);
    expect(received).toEqual(["gone gone"]);
    expect(link.received.map(({ cmd }) => cmd)).toEqual(["connack"]);
  });

  it("tells of a will when the link breaks, and not after a DISCONNECT, nor when another takes its place", async () => {
    const will = (name: string) =>
      ({ topic: topic(device, "gone"), payload: Buffer.from(name), qos: 1, retain: false }) as const;
    (await enter({ will: will("broken") })).end();
    await vi.waitUntil(() => received.length > 0, patience);
    expect(received).toEqual(["gone broken"]);

    const polite = await enter({ will: will("polite") });
    polite.say({ cmd: "disconnect" });
    await polite.closed();
    await vi.waitUntil(() => broker.connections().length === 0, patience);
    const former = await enter({ will: will("replaced") });
    const latter = await enter({ will: will("sent away") });
    await former.closed();
    expect(broker.connections()).toHaveLength(1);
    expect(received).toEqual(["gone broken"]);
    broker.disconnect(device);
    await latter.closed();
    await vi.waitUntil(() => received.length === 2, patience);
    expect(received).toEqual(["gone broken", "gone sent away"]);
  });

  it("ends a connection that is silent for one and a half times as long as it promised, and no other", async () => {
    const silent = await enter({ keepalive: 1, clientId: `${device}:silent` });
    const alive = await enter({ keepalive: 1, clientId: `${device}:alive` });
    const quiet = await enter({ keepalive: 0, clientId: `${device}:quiet` });
    const pings = setInterval(() => alive.say({ cmd: "pingreq" }), 200);
    await silent.closed();
    clearInterval(pings);
    await alive.next("pingresp", 3);
    expect([alive.open, quiet.open]).toEqual([true, true]);
  });

  it("grants QoS 1 at most, and sends one copy with the highest that was granted", async () => {
    const link = await enter();
    link.say(
      subscribeOf([
        ["welcome", 0],
        ["+", 2],
        ["x", 1],
        ["hello", 1],
      ]),
    );
    expect(await link.next("suback")).toMatchObject({ messageId: 1, granted: [0, 1, 128, 128] });
    await broker.publish(device, "welcome", welcome);
    expect(await link.next("publish")).toMatchObject({ qos: 1, topic: topic(device, "welcome"), messageId: 1 });
    link.say({ cmd: "unsubscribe", messageId: 2, unsubscriptions: [`tillkeeper/v1/${device}/+`, "x"] });
    expect(await link.next("unsuback")).toMatchObject({ messageId: 2 });
    expect(broker.hears(terminal)).toBe(false);
    await broker.publish(device, "receipt", { operation_id: "x", status: "UNKNOWN", memory: { number: 0 } });
    await broker.publish(device, "welcome", welcome);
    expect(await link.next("publish", 1)).toMatchObject({ qos: 0, topic: topic(device, "welcome") });
    expect(link.received.filter(({ cmd }) => cmd === "publish")).toHaveLength(2);
  });

  it("reads on while messages are being handled, up to four of them, and answers pings for as long", async () => {
    const { promise, resolve: go } = Promise.withResolvers<void>();
    handling = promise;
    const link = await enter();
    for (let id = 1; id <= 3; id += 1) link.say(publishOf("hello", id));
    link.say({ cmd: "pingreq" });
    await link.next("pingresp");
    link.say(publishOf("hello", 4), publishOf("hello", 5), { cmd: "pingreq" });
    for (let id = 6; id <= 12; id += 1) link.say(publishOf("hello", id));
    await link.next("puback", 3);
    // A round trip on another connection gives missing answers the time to arrive.
    const other = await enter({ clientId: `${device}:other` });
    other.say({ cmd: "pingreq" });
    await other.next("pingresp");
    expect(link.received.filter(({ cmd }) => cmd === "puback")).toHaveLength(4);
    expect(link.received.filter(({ cmd }) => cmd === "pingresp")).toHaveLength(1);
    go();
    await link.next("puback", 11);
    await link.next("pingresp", 1);
    expect(received).toHaveLength(12);
  });

  it("leaves nothing open when it is closed, not even who has not said anything yet, and tells no wills", async () => {
    const will = { topic: topic(device, "gone"), payload: Buffer.from("gone"), qos: 1, retain: false } as const;
    const silent = await open();
    const link = await enter({ will });
    await broker.close();
    await Promise.all([silent.closed(), link.closed()]);
    expect([received, broker.connections()]).toEqual([[], []]);
    await broker.publish(device, "welcome", welcome);
  });
});

function old(): ConnectFields {
  return { protocolId: "MQIsdp", protocolVersion: 3 };
}
