import { Agent } from "@tillkeeper/agent/agent";
import { DeviceCredential } from "@tillkeeper/agent/credentials/device-credential";
import { makeDeviceKeys } from "@tillkeeper/agent/credentials/device-keys";
import { pairDevice } from "@tillkeeper/agent/credentials/pairing";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { DeviceToken } from "@tillkeeper/contract/http/devices";
import { topic } from "@tillkeeper/contract/mqtt/topics";
import { rabbitMqJwt } from "@tillkeeper/stage/brokers/rabbitmq";
import { Device } from "@tillkeeper/stage/devices/device";
import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { decodeJwt, SignJWT } from "jose";
import type { IClientOptions, MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { enter, granted, type IssuedCredential, utter } from "../support/hostile.ts";

const operations = "/v1/admin/terminals/operations";
/** Milliseconds within which a replaced device must lose its connection. */
const revokedWithinMs = 5_000;
const lifetime = 600;
/** Seconds: `pairingLimits.tokenGraceSeconds`, and one more so that a worker looks. */
const grace = 121;

describe.each(["P-256", "Ed25519"] as const)("RabbitMQ with tokens that are signed by a key of %s", (curve) => {
  const fleet = createVirtualFleet({});
  let broker: Awaited<ReturnType<typeof rabbitMqJwt>>;
  let server: TestServer;
  let other: TestServer;
  let tenant: Tenant;
  let serials = 0;

  beforeAll(async () => {
    broker = await rabbitMqJwt({ curve });
    await broker.start("");
    const config = { mqtt: broker.mqtt, deviceTokenSeconds: lifetime };
    server = await startTestServer({ virtualTerminalHost: fleet, config });
    other = await startTestServer({ database: server.database, config: { mqtt: broker.mqtt } });
    tenant = await server.account();
  });
  afterAll(async () => {
    await other?.stop();
    await server?.stop();
    await fleet.stopAll();
    await broker?.stop();
  });

  async function pair() {
    const serial = `TOKENS-${(serials += 1)}`;
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, serial);
    const device = await PairingDevice.make(serial);
    const first: DeviceToken = (await device.pair(server, pairing.code)).body;
    const renew = async (at: TestServer): Promise<DeviceToken> => (await device.renew(at, id)).body;
    return { id, first, renew };
  }

  const loginOf = (token: DeviceToken) => ({
    mqtt_url: token.mqtt_url,
    username: token.mqtt_username,
    password: token.mqtt_password,
    client_id: token.mqtt_client_id,
  });

  async function arrive(address: string, login: Parameters<typeof enter>[0], more: Partial<IClientOptions> = {}) {
    const client = await enter(login, more);
    onTestFinished(() => client.endAsync(true));
    const device = new Device(address, client);
    await client.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
    return device;
  }

  async function openMenu(terminalId: string): Promise<string> {
    const body = { terminal_id: terminalId, operation: "open_menu" };
    const sent = await server.call("POST", operations, { ...tenant, body });
    expect(sent.body).toMatchObject({ operation: "open_menu" });
    return sent.body.id;
  }
  const operation = async (id: string) => (await server.call("GET", `${operations}/${id}`, tenant)).body;
  const ends = (client: MqttClient, timeout?: number) =>
    vi.waitUntil(() => !client.connected, { interval: 10, ...(timeout !== undefined && { timeout }) });

  it("lets a device connect by a client id that is the address and 128 bits, the same at every server", async () => {
    const [one, two] = [await pair(), await pair()];
    const { address, mqtt_client_id, mqtt_password, token } = one.first;
    expect(mqtt_client_id).toMatch(/^.+:[\w-]{22}$/);
    expect(mqtt_client_id.startsWith(`${address}:`)).toBe(true);
    expect((await one.renew(other)).mqtt_client_id).toBe(mqtt_client_id);
    expect(two.first.mqtt_client_id.split(":")[1]).not.toBe(mqtt_client_id.split(":")[1]);
    // The broker's password does not authenticate at the server, and the server's token does not authenticate at the
    // broker.
    expect(mqtt_password).not.toBe(token);
    expect(decodeJwt(mqtt_password)).toMatchObject({ sub: address, username: address, exp: decodeJwt(token).exp });
    const asked = await server.call("POST", "/v1/device/messages", { token: mqtt_password, body: { session: "1" } });
    expect(asked.status).toBe(401);
  });

  it("ends the connection of a replaced device within 5 seconds, and believes nothing that it says", async () => {
    const old = await pair();
    const before = await arrive(old.first.address, loginOf(old.first));
    await before.hello();
    await before.next("welcome");
    const path = `/v1/accounts/${tenant.aid}/terminals/${old.id}/credentials`;
    const next: IssuedCredential = (await other.call("POST", path, tenant)).body;
    await ends(before.client, revokedWithinMs);
    const device = await arrive(next.address, next);
    await device.hello();
    await device.next("welcome");
    const id = await openMenu(old.id);
    await device.next("command");

    // The old device's token has not expired, and this broker does not ask the server.
    let stays = await arrive(old.first.address, loginOf(old.first));
    for (const filter of [topic(next.address, "command"), `tillkeeper/v1/${next.address}/#`, "#"]) {
      expect(await granted(stays.client, filter), filter).toBe(false);
      if (!stays.client.connected) stays = await arrive(old.first.address, loginOf(old.first));
    }
    const failed = { operation_id: id, operation: "open_menu", status: "FAILED", reason: "refused" };
    const forged = { ...failed, finished_at: new Date().toISOString() };
    await utter(stays.client, topic(next.address, "result"), forged);
    const will = {
      topic: topic(next.address, "result"),
      payload: Buffer.from(JSON.stringify(forged)),
      qos: 1,
    } as const;
    const dying = await enter(loginOf(old.first), { will: { ...will, retain: false } });
    dying.stream.destroy();
    const last = await arrive(old.first.address, loginOf(old.first));
    const sent_at = new Date().toISOString();
    await last.say("heartbeat", { session: last.session, sent_at, fault: { code: "of_before" } });
    await device.say("heartbeat", { session: device.session, sent_at, fault: { code: "of_next" } });
    const presence = async () =>
      (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${old.id}/presence`, tenant)).body;
    await expect.poll(presence).toMatchObject({ status: "online", fault: { code: "of_next" } });
    await device.openedMenu(id);
    await device.next("receipt");
    expect(await operation(id)).toMatchObject({ status: "COMPLETED" });
    const changes = `/v1/accounts/${tenant.aid}/terminals/${old.id}/presence/changes`;
    expect(JSON.stringify((await server.call("GET", changes, tenant)).body)).not.toContain("of_before");
    expect(device.client.connected).toBe(true);
    expect(JSON.stringify([...stays.received, ...last.received])).not.toContain(id);
  });

  it("takes no token that is over, that another key signed, or that nobody signed", async () => {
    const { first } = await pair();
    const { address, mqtt_password: password } = first;
    const claims = decodeJwt(password);
    const sign = (exp: number, key: Parameters<SignJWT["sign"]>[0], alg: string) =>
      new SignJWT({ ...claims, exp }).setProtectedHeader({ alg, kid: "broker-key" }).sign(key);
    const alg = curve === "P-256" ? "ES256" : "EdDSA";
    const now = Math.floor(Date.now() / 1000);
    const valid = await sign(now + 60, broker.privateKey, alg);
    await (await enter({ ...loginOf(first), password: valid })).endAsync(true);
    const unsigned = Buffer.from(JSON.stringify({ alg: "none", kid: "broker-key" })).toString("base64url");
    const wrong = {
      over: await sign(now - 60, broker.privateKey, alg),
      "by a secret": await sign(now + 60, new TextEncoder().encode("a secret that somebody has made up"), "HS256"),
      unsigned: `${unsigned}.${password.split(".")[1]}.`,
      "the server's own": first.token,
      address,
    };
    for (const [what, shown] of Object.entries(wrong)) {
      await expect(enter({ ...loginOf(first), password: shown }), what).rejects.toThrow();
    }
  });

  it("carries the operations of a virtual terminal, and again after the broker was away", async () => {
    const { terminal_id: id } = await registerForPairing(server, tenant, `SIMULATED-${tenant.aid}-001`);
    const perform = async (name: string) => {
      const sent = await server.call("POST", operations, { ...tenant, body: { terminal_id: id, operation: name } });
      await expect.poll(() => operation(sent.body.id)).toMatchObject({ operation: name, status: "COMPLETED" });
    };
    for (const name of ["check_update", "end_of_day"]) await perform(name);
    await broker.kill();
    const link = async (of: TestServer) => (await of.call("GET", "/health/ready")).body.broker;
    await vi.waitUntil(async () => (await link(server)) === "down");
    await broker.start("");
    for (const of of [server, other]) await vi.waitUntil(async () => (await link(of)) === "up");
    await perform("check_update");
  });

  it("ends the connection of a device that does not renew its token, though it says nothing", async () => {
    const [silent, alive] = [await pair(), await pair()];
    const over = await enter(loginOf(silent.first));
    onTestFinished(() => over.endAsync(true));
    server.clock.advance((lifetime - 60) * 1000);
    const staying = await enter(loginOf(await alive.renew(server)));
    onTestFinished(() => staying.endAsync(true));
    server.clock.advance((60 + grace) * 1000);
    await ends(over);
    expect(staying.connected).toBe(true);
  });
});

describe("an agent at a broker that reads tokens", () => {
  it("comes anew before its token ends, and answers as before", async () => {
    const broker = await rabbitMqJwt();
    onTestFinished(() => broker.stop());
    await broker.start("");
    const server = await startTestServer({ config: { mqtt: broker.mqtt, deviceTokenSeconds: 10 } });
    onTestFinished(() => server.stop());
    const tenant = await server.account();
    const serialNumber = "COMES-ANEW";
    const { terminal_id: terminalId, pairing } = await registerForPairing(server, tenant, serialNumber);
    const of = { server: server.url, keys: makeDeviceKeys() };
    const first = await pairDevice({ ...of, serialNumber, code: pairing.code });
    const kept = await DeviceCredential.open({ ...of, terminalId, first });
    onTestFinished(() => kept.stop());
    const passwords: string[] = [];
    const password = () => {
      const shown = (kept.credential.password as () => string)();
      passwords.push(shown);
      return shown;
    };
    const agent = new Agent({
      agentName: "anew/1",
      credential: { ...kept.credential, password },
      journal: memoryJournal(undefined),
      handlers: { open_menu: { run: async () => ({ status: "COMPLETED", result: { opened: true } }) } },
    });
    agent.start();
    onTestFinished(() => agent.stop());
    const firstEnds = decodeJwt(first.mqtt_password).exp as number;
    await vi.waitUntil(() => new Set(passwords).size > 1 && Date.now() / 1000 > firstEnds);
    const body = { terminal_id: terminalId, operation: "open_menu" };
    const { id } = (await server.call("POST", operations, { ...tenant, body })).body;
    const status = async () => (await server.call("GET", `${operations}/${id}`, tenant)).body.status;
    await expect.poll(status).toBe("COMPLETED");
    const path = `/v1/accounts/${tenant.aid}/terminals/${terminalId}/presence/changes`;
    const changes = await server.call("GET", path, tenant);
    expect(changes.status).toBe(200);
    expect(JSON.stringify(changes.body)).not.toContain("offline");
  });
});
