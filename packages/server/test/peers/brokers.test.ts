import type { TestBroker } from "@tillkeeper/stage/brokers/broker";
import { type BrokerKind, brokerKinds, embeddedConfig } from "@tillkeeper/stage/brokers/brokers";
import { Device } from "@tillkeeper/stage/devices/device";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import type { IClientOptions, MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { enter, granted, type IssuedCredential, utter } from "../support/hostile.ts";

const base = "/v1/admin/terminals/operations";
/** Milliseconds within which a revoked credential must lose its connections. */
const revokedWithinMs = 5_000;

describe.each(Object.keys(brokerKinds) as BrokerKind[])("devices at %s", (kind) => {
  const fleet = createVirtualFleet({});
  let broker: TestBroker | undefined;
  let server: TestServer;
  /** Another server on the same database and broker. For the embedded broker it is `server` itself. */
  let other: TestServer;
  let tenant: Tenant;
  let serials = 0;

  beforeAll(async () => {
    broker = await brokerKinds[kind]();
    const mqtt = broker?.mqtt ?? embeddedConfig;
    const number = await freePort();
    await broker?.start(`http://127.0.0.1:${number}`);
    const http = { host: "127.0.0.1", port: { number, configured: true } };
    server = await startTestServer({ virtualTerminalHost: fleet, config: { mqtt, http } });
    other = broker ? await startTestServer({ database: server.database, config: { mqtt } }) : server;
    await Promise.all([ready(server), ready(other)]);
    tenant = await server.account();
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  });
  afterAll(async () => {
    if (other !== server) await other?.stop();
    await server?.stop();
    await fleet.stopAll();
    await broker?.stop();
  });

  async function ready(of: TestServer) {
    const link = async () => (await of.call("GET", "/health/ready")).body.broker;
    await vi.waitUntil(async () => (await link()) === "up", { interval: 50 });
  }

  const credentialsOf = (id: string) => `/v1/accounts/${tenant.aid}/terminals/${id}/credentials`;

  async function issue(): Promise<IssuedCredential> {
    const body = { device_serial_number: `6100000000${(serials += 1)}`, store_id: "S312" };
    const terminal = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body });
    return (await server.call("POST", credentialsOf(terminal.body.terminal_id), tenant)).body;
  }

  async function arrive(credential: IssuedCredential, more: Partial<IClientOptions> = {}): Promise<Device> {
    const client = await enter(credential, more);
    onTestFinished(() => client.endAsync(true));
    const device = new Device(credential.address, client);
    await client.subscribeAsync(`tillkeeper/v1/${credential.address}/+`, { qos: 1 });
    await device.hello();
    await device.next("welcome");
    return device;
  }

  const openMenu = async ({ terminalId }: { terminalId: string }, at = server) => {
    const sent = await at.call("POST", base, { ...tenant, body: { terminal_id: terminalId, operation: "open_menu" } });
    expect(sent.status).toBe(201);
    return sent.body.id as string;
  };
  /**
   * Waits until the device has received such a message. Where a broker cannot share messages among servers, each
   * server answers, so a message may come twice.
   */
  const hears = async (device: Device, channel: string, of: Record<string, unknown>) => {
    const heard = () => device.received.filter((entry) => entry.channel === channel).map(({ message }) => message);
    await expect.poll(heard).toContainEqual(expect.objectContaining(of));
  };
  const statusOf = async (id: string, at = server) => (await at.call("GET", `${base}/${id}`, tenant)).body.status;
  const ends = (client: MqttClient) =>
    vi.waitUntil(() => !client.connected, { timeout: revokedWithinMs, interval: 10 });
  const opened = (operation_id: string) => ({
    operation_id,
    operation: "open_menu",
    status: "COMPLETED",
    finished_at: new Date().toISOString(),
    result: { opened: true },
  });

  it("carries all four operations of a virtual terminal, and again after the broker was away", async () => {
    const body = { device_serial_number: `SIMULATED-${tenant.aid}-001`, store_id: "S312" };
    const terminal = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body });
    const perform = async (operation: string) => {
      const asked = { terminal_id: terminal.body.terminal_id, operation };
      const sent = await server.call("POST", base, { ...tenant, body: asked });
      expect(sent.status).toBe(201);
      await vi.waitUntil(async () => (await statusOf(sent.body.id)) !== "PENDING", { interval: 50 });
      expect(await statusOf(sent.body.id)).toBe("COMPLETED");
    };
    for (const operation of ["check_update", "send_logs", "open_menu", "end_of_day"]) await perform(operation);
    if (!broker) return;
    await broker.kill();
    const health = () => server.call("GET", "/health/ready");
    await vi.waitUntil(async () => (await health()).body.broker === "down");
    // Requests are answered all the same: a part that is away for all servers must not take all of them out.
    expect(await health()).toMatchObject({ status: 200, body: { status: "ready", degraded: ["broker"] } });
    await broker.start(server.url);
    await Promise.all([ready(server), ready(other)]);
    await perform("check_update");
  });

  it("lets every server reach a device, and the device every server", async () => {
    const device = await arrive(await issue());
    for (const at of [server, other, server]) {
      const id = await openMenu(device, at);
      await hears(device, "command", { operation_id: id });
      await device.openedMenu(id);
      await hears(device, "receipt", { operation_id: id, status: "COMPLETED" });
      expect(await statusOf(id, other)).toBe("COMPLETED");
    }
  });

  it("hears the will of a device, and its other words", async () => {
    const credential = await issue();
    const device = await arrive(credential);
    await device.say("gone", { session: 1 });
    await device.say("heartbeat", { session: 1 });
    for (const channel of ["gone", "heartbeat"]) await hears(device, "rejection", { channel });
    if (kind === "embedded") return;
    const id = await openMenu(device);
    await device.next("command");
    await device.leave();
    const will = { topic: `tillkeeper/v1/${device.address}/result`, qos: 1 as const, retain: false };
    const dying = await enter(credential, { will: { ...will, payload: Buffer.from(JSON.stringify(opened(id))) } });
    dying.stream.destroy();
    await expect.poll(() => statusOf(id)).toBe("COMPLETED");
  });

  it("shows a device nothing of another one, by no filter", async () => {
    const [spy, victim] = [await issue(), await arrive(await issue())];
    const heard: string[] = [];
    const filters = [
      `tillkeeper/v1/${victim.address}/command`,
      `tillkeeper/v1/${victim.address}/#`,
      "tillkeeper/v1/+/command",
      "tillkeeper/v1/#",
      "tillkeeper/#",
      "#",
      "+/+/+/+",
      "+/sub/#",
      "$SYS/#",
      "$CONTROL/#",
      `$share/tillkeeper/tillkeeper/v1/${victim.address}/command`,
      `$share/tillkeeper/tillkeeper/v1/${spy.address}/command`,
    ];
    const inside = async () => (await enter(spy)).on("message", (topic) => heard.push(topic));
    let client = await inside();
    for (const filter of filters) {
      expect(await granted(client, filter), filter).toBe(false);
      // Some brokers close the connection on such a subscription.
      if (!client.connected) client = await inside();
    }
    const id = await openMenu(victim);
    await victim.next("command");
    await victim.openedMenu(id);
    await victim.next("receipt");
    expect(heard).toEqual([]);
    await client.endAsync(true);
  });

  it("lets no device answer or speak for another one, nor command, by publishing or by will", async () => {
    const [hostile, victim] = [await issue(), await arrive(await issue())];
    const id = await openMenu(victim);
    await victim.next("command");
    // A valid message with a mark: readers ignore unknown fields, so the mark shows where the message arrives.
    const fake = { ...opened(id), fake: true };
    const topics = [
      `tillkeeper/v1/${victim.address}/result`,
      `tillkeeper/v1/${victim.address}/command`,
      `tillkeeper/v1/${victim.address}/receipt`,
      `tillkeeper/v1/${hostile.address}/command`,
      "$CONTROL/dynamic-security/v1",
    ];
    for (const topic of topics) {
      const client = await enter(hostile);
      await utter(client, topic, fake);
      await client.endAsync(true);
    }
    const will = { topic: topics[0] as string, qos: 1 as const, retain: false };
    const dying = await enter(hostile, { will: { ...will, payload: Buffer.from(JSON.stringify(fake)) } }).catch(
      () => undefined,
    );
    dying?.stream.destroy();
    // The server handles the device's own messages in order. After the welcome, it has dealt with all messages above.
    const after = await arrive(hostile);
    expect(new Set(after.received.map(({ channel }) => channel))).toEqual(new Set(["welcome"]));
    expect(await statusOf(id)).toBe("PENDING");
    await victim.openedMenu(id);
    await hears(victim, "receipt", { operation_id: id, status: "COMPLETED" });
    expect(JSON.stringify(victim.received)).not.toContain('"fake"');
  });

  it("lets nobody in with another's name, client id or password", async () => {
    const [hostile, first] = [await issue(), await issue()];
    const victim = await arrive(first);
    const attempts: Partial<IClientOptions>[] = [
      { username: victim.address, clientId: victim.address },
      { password: "wrong" },
      { password: "" },
      { username: "tillkeeper" },
      { username: "" },
      { username: "T99999999-T0001-D1", clientId: "T99999999-T0001-D1" },
      { username: victim.terminalId, clientId: victim.terminalId },
      { clientId: victim.address },
      { clientId: first.client_id },
    ];
    for (const attempt of attempts) {
      const got = await enter(hostile, attempt).then(
        async (client) => (await client.endAsync(true), "in"),
        () => "refused",
      );
      expect(got, JSON.stringify(attempt)).toBe("refused");
    }
    const id = await openMenu(victim);
    await hears(victim, "command", { operation_id: id });
  });

  it("ends the connections of a replaced credential within 5 seconds, and lets in the new one alone", async () => {
    const old = await issue();
    const device = await arrive(old);
    const renewed = await other.call("POST", credentialsOf(old.terminal_id), tenant);
    expect(renewed.status).toBe(201);
    await ends(device.client);
    await expect(enter(old)).rejects.toThrow();
    const again = await arrive(renewed.body);
    await expect(enter(old)).rejects.toThrow();
    expect(again.client.connected).toBe(true);
  });

  it("has nothing for the device before one that replaces it, and believes no word of it as that one", async () => {
    const old = await issue();
    const before = await arrive(old);
    const next = (await other.call("POST", credentialsOf(old.terminal_id), tenant)).body as IssuedCredential;
    expect(next.address).not.toBe(old.address);
    const device = await arrive(next);
    const id = await openMenu(device);
    await hears(device, "command", { operation_id: id });
    const failed = { ...opened(id), status: "FAILED", reason: "refused", result: undefined };
    // The broker may have closed the connection by now.
    if (before.client.connected) await utter(before.client, `tillkeeper/v1/${next.address}/result`, failed);
    await device.openedMenu(id);
    await hears(device, "receipt", { operation_id: id, status: "COMPLETED" });
    expect(await statusOf(id)).toBe("COMPLETED");
    expect(before.received.map(({ message }) => message["operation_id"])).not.toContain(id);
  });

  it("ends the connections of a deleted terminal within 5 seconds", async () => {
    const credential = await issue();
    const device = await arrive(credential);
    const path = `/v1/accounts/${tenant.aid}/terminals/${credential.terminal_id}`;
    expect((await other.call("DELETE", path, tenant)).status).toBe(200);
    await ends(device.client);
    await expect(enter(credential)).rejects.toThrow();
  });
});
