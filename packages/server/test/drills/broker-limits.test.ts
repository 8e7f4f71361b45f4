import type { Socket } from "node:net";
import { letIn, openBrokerAlone } from "@tillkeeper/stage/brokers/embedded-broker";
import { activeDevice, connectMqtt, type Device } from "@tillkeeper/stage/devices/device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { connect, connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { Authenticate } from "../../src/gateway/carriers/embedded/entrance.ts";
import type { DeviceTransport, Receive } from "../../src/gateway/carriers/transport.ts";

const base = "/v1/admin/terminals/operations";
const patience = { interval: 5 };

function closed(client: MqttClient): Promise<void> {
  client.on("error", () => undefined);
  return new Promise((resolve) => client.once("close", () => resolve()));
}

function stopReading(client: MqttClient): void {
  (client.stream as Socket).unpipe().pause();
}

describe("the embedded broker alone", () => {
  const [one, other] = ["T40000001-T0001-D1", "T40000002-T0001-D1"];
  let broker: DeviceTransport;
  const clients: MqttClient[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
    await broker.close();
  });
  async function open(more: { authenticate?: Authenticate; receive?: Receive } = {}) {
    broker = await openBrokerAlone(more);
  }
  async function enter(username: string, more: IClientOptions = {}) {
    const options = { username, password: "x", clientId: username, reconnectPeriod: 0, ...more };
    const client = await connectAsync(broker.url(), options, false);
    clients.push(client);
    return client;
  }
  const command = (size: number) => {
    const at = new Date().toISOString();
    const times = { created_at: at, expires_at: at, sent_at: at };
    return {
      operation_id: "x",
      operation: "open_menu",
      parameters: { operator_id: "x".repeat(size) },
      origin: { signed: "x" },
      ...times,
    } as const;
  };

  it("sends to everybody else while one does not read, and ends that one soon", async () => {
    await open();
    const stalled = await enter(one);
    await stalled.subscribeAsync(`tillkeeper/v1/${one}/#`, { qos: 1 });
    const healthy = await enter(other);
    await healthy.subscribeAsync(`tillkeeper/v1/${other}/command`, { qos: 1 });
    stopReading(stalled);
    const stillThere = () => broker.connections().some(({ address }) => address === one);
    const heard = new Promise<boolean>((resolve) => healthy.once("message", () => resolve(stillThere())));
    const sent = Array.from({ length: 500 }, () => broker.publish(one, "command", command(60_000)));
    await broker.publish(other, "command", command(1));
    expect(await heard).toBe(true);
    await vi.waitUntil(() => !stillThere(), patience);
    await Promise.allSettled(sent);
  });

  it("handles four messages of a terminal at a time, over all its connections, and others beside them", async () => {
    const running = new Map<string, number>();
    let most = 0;
    let handled = 0;
    const waiting: (() => void)[] = [];
    await open({
      async receive(address) {
        running.set(address, (running.get(address) ?? 0) + 1);
        most = Math.max(most, running.get(address) ?? 0);
        await new Promise<void>((resolve) => waiting.push(resolve));
        running.set(address, (running.get(address) ?? 0) - 1);
        handled += 1;
      },
    });
    for (const suffix of [":a", ":b"]) {
      const client = await enter(one, { clientId: `${one}${suffix}` });
      for (let count = 0; count < 10; count += 1) client.publish(`tillkeeper/v1/${one}/hello`, "{}", { qos: 1 });
    }
    await vi.waitUntil(() => running.get(one) === 4, patience);
    (await enter(other)).publish(`tillkeeper/v1/${other}/hello`, "{}", { qos: 1 });
    await vi.waitUntil(() => running.get(other) === 1, patience);
    await vi.waitUntil(() => {
      for (const go of waiting.splice(0)) go();
      return handled === 21;
    }, patience);
    expect(most).toBe(4);
  });

  it("checks a credential again that is replaced while a connection is let in, and forgets who left meanwhile", async () => {
    let current = "old";
    const gates: (() => void)[] = [];
    await open({
      async authenticate(username, password) {
        const holds = password?.toString() === current;
        await new Promise<void>((resolve) => gates.push(resolve));
        return holds ? letIn(username) : undefined;
      },
    });
    const outcome = (password: string) =>
      enter(one, { password, clientId: `${one}:${password}` }).then(
        () => "in",
        () => "refused",
      );
    const outdated = outcome("old");
    await vi.waitUntil(() => gates.length === 1, patience);
    current = "new";
    const renewed = outcome("new");
    await vi.waitUntil(() => gates.length === 2, patience);
    broker.disconnect(one);
    for (const go of gates.splice(0)) go();
    await vi.waitUntil(() => gates.length === 2, patience);
    for (const go of gates.splice(0)) go();
    expect([await outdated, await renewed]).toEqual(["refused", "in"]);
    expect(broker.connections()).toHaveLength(1);

    const leaving = connectAsync(broker.url(), { username: one, password: "new", clientId: `${one}:gone` }, false);
    leaving.catch(() => undefined);
    await vi.waitUntil(() => gates.length === 1, patience);
    broker.disconnect(one);
    await vi.waitUntil(() => broker.connections().length === 0, patience);
    gates.splice(0).forEach((go) => go());
    await vi.waitUntil(() => gates.length === 1, patience);
    gates.splice(0).forEach((go) => go());
    clients.push(await leaving);
    expect(broker.connections()).toHaveLength(1);
  });
});

describe("a terminal that takes more than its share", async () => {
  const { server, tenant } = await world({ own: {}, aid: "T40000001" });
  const a = await activeDevice(server, tenant, "700000000011");
  afterAll(async () => {
    await a.leave();
  });
  const join = (suffix: string, more: IClientOptions = {}) => {
    const { address: username, password } = a;
    const options = { username, password, clientId: username + suffix, reconnectPeriod: 0, ...more };
    return connectAsync(server.mqttUrl, options, false);
  };

  it("stops nobody else's: what it says comes back to none of its connections", async () => {
    const neighbours = await server.account("T40000002");
    const neighbour = await activeDevice(server, neighbours, "700000000012");
    const stalled = await join(":stalled");
    for (const filter of ["hello", "#"]) {
      await stalled.subscribeAsync(`tillkeeper/v1/${a.address}/${filter}`, { qos: 1 }).catch(() => undefined);
    }
    stopReading(stalled);
    const padded = {
      protocol: 1,
      agent: "x",
      sent_at: new Date().toISOString(),
      session: "x",
      operations: [],
      x: "x".repeat(60_000),
    };
    const publishers: MqttClient[] = [];
    for (let number = 0; number < 20; number += 1) {
      const publisher = await join(`:p${number}`);
      publisher.on("error", () => undefined);
      publishers.push(publisher);
      for (let count = 0; count < 20; count += 1) {
        publisher.publish(`tillkeeper/v1/${a.address}/hello`, JSON.stringify(padded), { qos: 0 });
      }
    }
    await neighbour.hello();
    await neighbour.next("welcome");
    const body = { terminal_id: neighbour.terminalId, operation: "open_menu" };
    const sent = await server.call("POST", base, { ...neighbours, body });
    await neighbour.next("command");
    await neighbour.openedMenu(sent.body.id);
    expect(await neighbour.next("receipt")).toMatchObject({ status: "COMPLETED" });
    await Promise.all([stalled, ...publishers].map((client) => client.endAsync(true)));
    await neighbour.leave();
  });

  it("has four connections: a fifth ends the oldest, one with a known client id only its predecessor", async () => {
    const first = await join(":1");
    const firstEnded = closed(first);
    const others = [await join(":2"), await join(":3"), await join(":4")];
    const thirdEnded = closed(others[1] as MqttClient);
    const again = await join(":3");
    await thirdEnded;
    expect(first.connected).toBe(true);
    const fifth = await join(":5");
    await firstEnded;
    const staying = [others[0], others[2], again, fifth] as MqttClient[];
    // Each still gets an answer.
    for (const client of staying) await client.unsubscribeAsync("x");
    await Promise.all([first, others[1] as MqttClient, ...staying].map((client) => client.endAsync(true)));
  });

  it("hears on a wildcard what is sent to it, not what it says itself, and may not ask for that", async () => {
    const listener = await join(":listener");
    const heard: string[] = [];
    listener.on("message", (topic) => {
      const end = topic.split("/").at(-1) ?? "";
      // The server may still be answering the hellos of an earlier flood.
      if (end !== "welcome") heard.push(end);
    });
    for (const end of ["hello", "delivered", "cancel_refused", "started", "result", "+/x", "x", "x/#"]) {
      const asked = listener.subscribeAsync(`tillkeeper/v1/${a.address}/${end}`, { qos: 1 });
      expect(await asked.catch(() => []), end).not.toContainEqual(expect.objectContaining({ qos: 1 }));
    }
    await listener.subscribeAsync(`tillkeeper/v1/${a.address}/#`, { qos: 1 });
    const speaker = await connectMqtt(server, a.address, a.password, `${a.address}:speaker`);
    for (const text of ["{", "["]) await speaker.publishAsync(`tillkeeper/v1/${a.address}/result`, text, { qos: 1 });
    await vi.waitUntil(() => heard.length === 2, patience);
    expect(heard).toEqual(["rejection", "rejection"]);
    const ended = closed(speaker);
    speaker.publish(`tillkeeper/v1/${a.address}/result`, "{", { qos: 2 });
    await ended;
    await Promise.all([listener.endAsync(true), speaker.endAsync(true)]);
  });

  it("gets a clean session also when it asks for one that is kept", async () => {
    for (const round of ["first", "second"]) {
      const { address: username, password } = a;
      const options = { username, password, clientId: `${username}:kept`, clean: false, reconnectPeriod: 0 };
      const client = connect(server.mqttUrl, options);
      const kept = new Promise<boolean>((resolve) =>
        client.once("connect", (answer) => resolve(answer.sessionPresent)),
      );
      expect(await kept, round).toBe(false);
      await client.subscribeAsync(`tillkeeper/v1/${username}/command`, { qos: 1 });
      await client.endAsync(true);
    }
  });

  it("is refused with an empty, foreign or endless client id, and with its id in other letters", async () => {
    const { address } = a;
    // An agent renews its token on code 4, so a wrong name must have code 2.
    for (const [clientId, code] of [
      ["", 2],
      [`${address}:${"x".repeat(128)}`, 2],
      ["x", 4],
      [`${address}x`, 4],
    ] as const) {
      await expect(connectMqtt(server, address, a.password, clientId), clientId).rejects.toMatchObject({ code });
    }
    const lower = address.toLowerCase();
    for (const clientId of [address, lower]) {
      await expect(connectMqtt(server, lower, a.password, clientId)).rejects.toThrow();
    }
  });
});

describe("two servers with a broker each, on one database", () => {
  it("bring the commands that one accepts to the terminals of the other, also beside a connection that never listens", async () => {
    const first = await startTestServer();
    const second = await startTestServer({ database: first.database });
    const tenant = await first.account("T40000003");
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const devices = await Promise.all(
      numbers.map((number) => activeDevice(second, tenant, `7000000001${String(number).padStart(2, "0")}`)),
    );
    const [one] = devices as [Device & { password: string }];
    const silent = await connectMqtt(first, one.address, one.password, `${one.address}:silent`);
    const { pool } = first.db;
    await pool.query(`create table first_due (at_once boolean);
      create function note_first_due() returns trigger language plpgsql as
        $$ begin insert into first_due values (new.due_at <= new.created_at); return new; end $$;
      create trigger note_first_due after insert on operation_claims for each row execute function note_first_due()`);
    await Promise.all(
      devices.map(async (device) => {
        const body = { terminal_id: device.terminalId, operation: "open_menu" };
        expect((await first.call("POST", base, { ...tenant, body })).status).toBe(201);
        await device.next("command");
      }),
    );
    // Without the two seconds that the outbox waits for a server that can reach the terminal itself.
    const { rows } = await pool.query("select at_once from first_due");
    expect(rows).toEqual(devices.map(() => ({ at_once: true })));
    await Promise.all([silent.endAsync(true), ...devices.map((device) => device.leave())]);
    await second.stop();
    await first.stop();
  });
});
