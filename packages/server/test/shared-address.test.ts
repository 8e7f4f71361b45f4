import { Agent } from "@tillkeeper/agent/agent";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { openBrokerAlone } from "@tillkeeper/stage/brokers/embedded-broker";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { PresentDevice, type Registered, register, watcher } from "./support/presence.ts";

describe("two devices with one address", async () => {
  const { server, tenant } = await world({ own: {} });
  const see = watcher(server, tenant);

  function startAgent({ address, password }: Registered): void {
    const agent = new Agent({
      agentName: "clone/1",
      credential: { url: server.mqttUrl, address, password },
      handlers: {},
      journal: memoryJournal(undefined),
    });
    agent.start();
    onTestFinished(() => agent.stop());
  }

  async function overHttps(device: Registered, session: string, channel: "hello" | "heartbeat"): Promise<void> {
    const message = { protocol: 1, agent: "clone/1", session, sent_at: new Date().toISOString(), operations: [] };
    const { status } = await server.call("POST", "/v1/device/messages", {
      headers: { authorization: basic(device.address, device.password) },
      body: { session, messages: [{ channel, message }] },
    });
    expect(status).toBe(200);
  }

  const faultOf = async ({ terminalId }: Registered) => (await see.presence(terminalId)).fault;

  /** The fault, once there is one. */
  async function told(registered: Registered, meanwhile: () => Promise<void> = async () => undefined) {
    await vi.waitUntil(async () => {
      await meanwhile();
      return (await faultOf(registered)) !== undefined;
    });
    const fault = await faultOf(registered);
    const changes = await see.changes(registered.terminalId);
    return {
      fault: fault?.code,
      endedAt: fault?.ended_at,
      toldInHistory: changes.filter((change) => change.endsWith("address_shared")).length,
      outOfOrder: (await see.terminal(registered.terminalId)).status === "ERROR",
    };
  }
  const shared = { fault: "address_shared", endedAt: undefined, toldInHistory: 1, outOfOrder: false };

  it("that push each other out are told, when both are agents", { tags: "replicas" }, async () => {
    const registered = await register(server, tenant, "6600001");
    startAgent(registered);
    startAgent(registered);
    expect(await told(registered)).toEqual(shared);
  });

  it("of which one goes by MQTT and one by HTTPS are told", { tags: "replicas" }, async () => {
    const registered = await register(server, tenant, "6600002");
    const device = await PresentDevice.connect(server, registered, { session: "one.1" });
    onTestFinished(() => device.leave());
    await device.greet();
    await overHttps(registered, "other.1", "hello");
    const found = await told(registered, async () => {
      await device.beat();
      await overHttps(registered, "other.1", "heartbeat");
    });
    expect(found).toEqual(shared);
  });

  it("that both go by HTTPS are told", { tags: "replicas" }, async () => {
    const registered = await register(server, tenant, "6600003");
    let connections = 0;
    const greet = (run: string) => {
      connections += 1;
      return overHttps(registered, `${run}.${connections}`, "hello");
    };
    const found = await told(registered, async () => {
      await greet("one");
      await greet("other");
    });
    expect(found).toEqual(shared);
  });

  it("at two servers are told", { tags: "replicas" }, async () => {
    const registered = await register(server, tenant, "6600004");
    const second = await startTestServer({ database: server.database });
    onTestFinished(() => second.stop());
    const one = await PresentDevice.connect(server, registered, { session: "one.1" });
    const clientId = `${registered.address}:other`;
    const other = await PresentDevice.connect(second, registered, { session: "other.1", clientId });
    onTestFinished(async () => {
      await one.leave();
      await other.leave();
    });
    await one.greet();
    await other.greet();
    const found = await told(registered, async () => {
      await one.beat();
      await other.beat();
    });
    expect(found).toEqual(shared);
  });

  it.each([
    ["comes back 20 times before the server has noticed", "6600006", (turn: number) => `one.${turn}`],
    ["is started anew 20 times before the server has noticed", "6600007", (turn: number) => `run-${turn}.1`],
  ])("is not what one that %s is taken for", async (_, serial, sessionOf) => {
    const registered = await register(server, tenant, serial);
    for (let turn = 1; turn <= 20; turn += 1) {
      const device = await PresentDevice.connect(server, registered, { session: sessionOf(turn) });
      onTestFinished(() => device.leave());
      await device.greet();
    }
    expect(await faultOf(registered)).toBeUndefined();
    expect(await see.changes(registered.terminalId)).not.toContain("online address_shared");
  });
});

describe("two devices that end each other's connections at the embedded broker", () => {
  it("are refused with return code 3, but for the one that is in, and when nobody is", async () => {
    const broker = await openBrokerAlone();
    onTestFinished(() => broker.close());
    const entry = { address: "T66000002-T0001-D1", password: "x" };
    const server = { mqttUrl: broker.url(), call: async () => ({}) as never };
    let connections = 0;
    const come = (run: string) => {
      connections += 1;
      return PresentDevice.connect(server, entry, { session: `${run}.${connections}` });
    };
    for (const run of ["one", "other", "one", "other", "one"]) await come(run);
    const last = await come("other");
    await expect(come("one")).rejects.toMatchObject({ code: 3 });
    expect(last.client.connected).toBe(true);
    const again = await come("other");
    await vi.waitUntil(() => !last.client.connected);
    await expect(come("one")).rejects.toMatchObject({ code: 3 });
    await again.leave();
    await vi.waitUntil(() => broker.connections().length === 0);
    const one = await come("one");
    expect(one.client.connected).toBe(true);
    await one.leave();
  });
});
