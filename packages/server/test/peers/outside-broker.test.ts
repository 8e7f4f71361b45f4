import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Mosquitto, startMosquitto } from "@tillkeeper/stage/brokers/mosquitto";
import { Aedes } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { askingAccess } from "../../src/gateway/carriers/outside/access/asking.ts";
import { createOutsideBroker } from "../../src/gateway/carriers/outside/broker.ts";
import type { DeviceTransport, Receive } from "../../src/gateway/carriers/transport.ts";
import { createLogger } from "../../src/platform/log/log.ts";

const log = createLogger("silent");
const address = "T70000001-T0001-D1";
const startedTopic = `tillkeeper/v1/${address}/started`;
const rejectionTopic = `tillkeeper/v1/${address}/rejection`;
const rejection = (path: string) => ({ channel: "result", errors: [{ path, message: "" }] });

/** Connects a server's transport to the broker, and records the messages that it receives. */
async function listenAt(
  url: string,
  receive: Receive = async () => {},
): Promise<{ transport: DeviceTransport; heard: string[] }> {
  const heard: string[] = [];
  const transport = createOutsideBroker({
    url,
    log,
    access: askingAccess({ url }, { asks: false }),
  });
  onTestFinished(() => transport.close());
  await transport.listen(async (from, channel, payload) => {
    await receive(from, channel, payload);
    heard.push(payload.toString());
  });
  return { transport, heard };
}

/** Connects a terminal's client to the broker. */
async function enter(url: string): Promise<MqttClient> {
  const client = await connectAsync(url, { reconnectPeriod: 0 }, false);
  onTestFinished(() => client.endAsync(true));
  return client;
}

/**
 * Returns a topic of a separate terminal for each number: a server handles few messages of one terminal at a time,
 * and queues few.
 */
function startedOf(number: string): string {
  return `tillkeeper/v1/T70000001-T${number.padStart(4, "0")}-D1/started`;
}

function numbers(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}

describe("servers on one Mosquitto", () => {
  let mosquitto: Mosquitto;
  beforeEach(async () => {
    mosquitto = await startMosquitto();
  });
  afterEach(() => mosquitto.stop());

  it("share what terminals say: each message comes to one of them", async () => {
    const servers = [await listenAt(mosquitto.url), await listenAt(mosquitto.url), await listenAt(mosquitto.url)];
    const terminal = await enter(mosquitto.url);
    const said = numbers(0, 300);
    await Promise.all(said.map((text) => terminal.publishAsync(startedOf(text), text, { qos: 1 })));
    const all = () => servers.flatMap(({ heard }) => heard);
    await vi.waitUntil(() => all().length >= said.length, { interval: 10 });
    expect(all().toSorted()).toEqual(said.toSorted());
    for (const { heard } of servers) expect(heard.length).toBeGreaterThan(0);
  });

  it("lose nothing when one of them takes its leave", async () => {
    const leaving = await listenAt(mosquitto.url, () => new Promise((resolve) => void setTimeout(resolve, 20)));
    const staying = await listenAt(mosquitto.url);
    const terminal = await enter(mosquitto.url);
    const said = numbers(0, 400);
    const saying = (async () => {
      for (const text of said) await terminal.publishAsync(startedOf(text), text, { qos: 1 });
    })();
    await vi.waitUntil(() => leaving.heard.length > 20, { interval: 1 });
    await leaving.transport.close();
    const heardAtTheEnd = leaving.heard.length;
    await saying;
    const all = () => [...leaving.heard, ...staying.heard];
    await vi.waitUntil(() => all().length >= said.length, { interval: 10 });
    expect(all().toSorted()).toEqual(said.toSorted());
    expect(leaving.heard).toHaveLength(heardAtTheEnd);
  });

  it("have a broker of MQTT 5 throw a command away once nobody may begin it any more", async () => {
    const { transport } = await listenAt(mosquitto.url);
    const terminal = await connectAsync(mosquitto.url, { reconnectPeriod: 0, protocolVersion: 5 }, false);
    onTestFinished(() => terminal.endAsync(true));
    const expiries = new Map<string, number | undefined>();
    terminal.on("message", (name, _payload, { properties }) => {
      expiries.set(name.split("/").at(-1) ?? "", properties?.messageExpiryInterval);
    });
    await terminal.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
    const sentAt = Date.now();
    const command = {
      operation_id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
      operation: "open_menu",
      parameters: {},
      origin: { signed: "x" },
      created_at: new Date(sentAt - 5_000).toISOString(),
      expires_at: new Date(sentAt + 14_500).toISOString(),
      sent_at: new Date(sentAt).toISOString(),
    } as const;
    await transport.publish(address, "command", command);
    await transport.publish(address, "rejection", rejection("stays"));
    await vi.waitUntil(() => expiries.size === 2, { interval: 5 });
    // The broker subtracts the time that the message has spent there.
    expect([14, 15]).toContain(expiries.get("command"));
    expect(expiries.get("rejection")).toBeUndefined();
  });

  it("say so while the broker is away, send nothing late, and come back with it", async () => {
    const { transport, heard } = await listenAt(mosquitto.url);
    expect(transport.healthy()).toBe(true);
    const underWay = Promise.allSettled(
      numbers(0, 50).map((path) => transport.publish(address, "rejection", rejection(path))),
    );
    await mosquitto.kill();
    await vi.waitUntil(() => !transport.healthy(), { interval: 5 });
    // Each publish has ended by now, in success or in failure.
    await underWay;
    await expect(transport.publish(address, "rejection", rejection("late"))).rejects.toThrow("is away");

    await mosquitto.start();
    const terminal = await enter(mosquitto.url);
    const received: string[] = [];
    terminal.on("message", (_topic, payload) => void received.push(payload.toString()));
    await terminal.subscribeAsync(rejectionTopic, { qos: 1 });
    await vi.waitUntil(() => transport.healthy(), { interval: 10 });
    await transport.publish(address, "rejection", rejection("new"));
    await vi.waitUntil(() => received.length > 0, { interval: 5 });
    expect(received.map((text) => JSON.parse(text))).toEqual([rejection("new")]);
    await terminal.publishAsync(startedTopic, "back", { qos: 1 });
    await expect.poll(() => heard).toEqual(["back"]);
  });

  it("keep to what the broker says it can take at once, and do not fill up when it hangs", async () => {
    const { transport } = await listenAt(mosquitto.url);
    const terminal = await enter(mosquitto.url);
    let received = 0;
    terminal.on("message", () => (received += 1));
    await terminal.subscribeAsync(rejectionTopic, { qos: 1 });
    const publish = () => transport.publish(address, "rejection", rejection(""));

    await Promise.all(Array.from({ length: 500 }, publish));
    await vi.waitUntil(() => received === 500, { interval: 5 });

    mosquitto.signal("SIGSTOP");
    const sent = Array.from({ length: 12_000 }, () =>
      publish().then(
        () => "sent",
        (error: Error) => error.message,
      ),
    );
    const refused = await Promise.race(sent.toReversed());
    expect(refused).toContain("does not keep up");
    mosquitto.signal("SIGCONT");
    const answers = await Promise.all(sent);
    expect(answers.filter((answer) => answer === "sent").length).toBeGreaterThan(5_000);
    expect(transport.healthy()).toBe(true);
  });
});

describe("a broker that knows MQTT 3.1.1 only", () => {
  async function serve(onConnection: (socket: Socket) => void): Promise<{ url: string; server: Server }> {
    const server = createServer(onConnection).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
  }

  it("is spoken to in that, and every server hears everything", async () => {
    const broker = await Aedes.createBroker();
    const { url } = await serve((socket) => broker.handle(socket));
    const servers = [await listenAt(url), await listenAt(url)];
    const terminal = await enter(url);
    await terminal.publishAsync(startedTopic, "1", { qos: 1 });
    for (const { heard } of servers) await expect.poll(() => heard).toEqual(["1"]);
    await terminal.endAsync();
    for (const { transport } of servers) await transport.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  });

  it("may keep what a terminal said, and is not listened to when it says that again", async () => {
    const broker = await Aedes.createBroker();
    const { url } = await serve((socket) => broker.handle(socket));
    const terminal = await enter(url);
    await terminal.publishAsync(startedTopic, "kept", { qos: 1, retain: true });
    const { transport, heard } = await listenAt(url);
    await terminal.publishAsync(startedTopic, "new", { qos: 1 });
    await expect.poll(() => heard).toContain("new");
    expect(heard).toEqual(["new"]);
    await terminal.endAsync();
    await transport.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  });

  it("may also hang up on a version that it does not know", async () => {
    const broker = await Aedes.createBroker();
    const { url } = await serve((socket) => {
      socket.once("data", (first) => {
        // The version follows the packet's fixed header and the protocol's name.
        if (first[8] === 5) return socket.destroy();
        broker.handle(socket);
        socket.unshift(first);
        return socket;
      });
    });
    const { transport } = await listenAt(url);
    expect(transport.healthy()).toBe(true);
    await transport.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  });
});
