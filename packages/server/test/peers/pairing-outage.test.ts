import type { TestBroker } from "@tillkeeper/stage/brokers/broker";
import { brokerKinds } from "@tillkeeper/stage/brokers/brokers";
import { Device } from "@tillkeeper/stage/devices/device";
import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { folderOfTest } from "@tillkeeper/stage/folders";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { ReplicaProcess } from "@tillkeeper/stage/servers/replica-process";
import { send, startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { enter } from "../support/hostile.ts";

const base = "/v1/admin/terminals/operations";

interface Answered {
  mqtt_url: string;
  mqtt_username: string;
  mqtt_password: string;
  mqtt_client_id: string;
  address: string;
}

/**
 * The broker still accepts the former device when the server has stored the pairing
 * (docs/adr/0025-device-addresses.md).
 */
describe.each(["mosquitto", "rabbitmq"] as const)("a device that pairs while %s cannot be told", (kind) => {
  let broker: TestBroker;
  let server: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    broker = await brokerKinds[kind]();
    const number = await freePort();
    await broker.start(`http://127.0.0.1:${number}`);
    const http = { host: "127.0.0.1", port: { number, configured: true } };
    server = await startTestServer({ config: { mqtt: broker.mqtt, http, tokenLifetimeSeconds: 604_800 } });
    const link = async () => (await server.call("GET", "/health/ready")).body.broker;
    await vi.waitUntil(async () => (await link()) === "up", { interval: 50 });
    tenant = await server.account();
  });
  afterAll(async () => {
    broker?.hold(false);
    await server?.stop();
    await broker?.stop();
  });

  async function connect(answered: Answered): Promise<Device> {
    const { mqtt_url, mqtt_username: username, mqtt_password: password, mqtt_client_id: client_id } = answered;
    const device = new Device(answered.address, await enter({ mqtt_url, username, password, client_id }));
    onTestFinished(() => device.leave());
    await device.client.subscribeAsync(`tillkeeper/v1/${answered.address}/+`, { qos: 1 });
    return device;
  }
  const call = async (method: string, path: string, body?: object) =>
    (await server.call(method, path, { ...tenant, ...(body && { body }) })).body;
  const operate = (id: string, operation: string): Promise<{ id: string }> =>
    call("POST", base, { terminal_id: id, operation });
  const get = (id: string) => call("GET", `${base}/${id}`);
  const ends = (client: MqttClient) => vi.waitUntil(() => !client.connected);

  /** Returns an ACTIVE terminal with its connected device, and with a code for the next device. */
  async function activeTerminal(serial: string) {
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, serial);
    const paired = await (await PairingDevice.make(serial)).pair(server, pairing.code);
    const old = await connect(paired.body);
    await old.hello();
    await old.next("welcome");
    const { id: updateId } = await operate(id, "check_update");
    await old.next("command");
    const result = { current_version: "1", latest_version: "1", update_available: false, configuration_version: "1" };
    const what = { operation: "check_update", status: "COMPLETED", finished_at: new Date().toISOString(), result };
    await old.say("result", { operation_id: updateId, ...what });
    await old.next("receipt");
    const { code } = await call("POST", `/v1/accounts/${tenant.aid}/terminals/${id}/pairing-codes`, {});
    return { id, old, code, next: await PairingDevice.make(serial), token: paired.body.token as string };
  }

  /** The device got no answer to its pairing, so it requests a token by its serial number. */
  async function connectByRenewal(next: PairingDevice): Promise<Device> {
    const proof = await next.sign(server, "renewal", { nonce: await newNonce(server), sub: next.serial });
    const answer = await server.call("POST", "/v1/device/token", {
      body: { device_serial_number: next.serial, proof },
    });
    expect(answer.status).toBe(200);
    return connect(answer.body);
  }

  /**
   * The operation `sentId` belongs to the former device. The next device gets only the operations accepted after its
   * pairing. Returns the id of such an operation.
   */
  async function expectOnlyOwnOperations(device: Device, sentId: string): Promise<string> {
    const hello = async () => {
      const welcomes = device.received.filter(({ channel }) => channel === "welcome").length;
      await device.hello();
      await device.next("welcome", welcomes);
    };
    for (let times = 0; times < 5; times += 1) await hello();
    await call("POST", `${base}/${sentId}/cancel`);
    server.clock.advance(20_000);
    await hello();
    expect(await get(sentId)).toMatchObject({ status: "PENDING" });
    server.clock.advance(200_000);
    await expect.poll(() => get(sentId)).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });

    const { id } = await operate(device.terminalId, "end_of_day");
    expect(await device.next("command")).toMatchObject({ operation_id: id });
    server.clock.advance(3_000);
    await hello();
    expect(await device.next("command", 1)).toMatchObject({ operation_id: id });
    const named = device.received.flatMap(({ message }) => message["operation_id"] ?? []);
    expect(named).not.toContain(sentId);
    return id;
  }

  it("is not told what belongs to the device before, and is sent what is accepted from then on", async () => {
    const { id, old, code, next } = await activeTerminal(`OUTAGE-${kind}`);
    const { id: sentId } = await operate(id, "end_of_day");
    expect(await old.next("command", 1)).toMatchObject({ operation_id: sentId });
    broker.hold(true);
    const paired = await next.pair(server, code);
    broker.hold(false);
    // RabbitMQ asks the server, so only the former connection is to be ended, and the server retries that. Mosquitto
    // must be told before the answer.
    expect(paired.status).toBe(kind === "rabbitmq" ? 200 : 503);
    const fresh = await connectByRenewal(next);
    await ends(old.client);
    await expectOnlyOwnOperations(fresh, sentId);
  });

  it("is not either when the server dies between its commit and the word to the broker", async () => {
    const { id, old, code, next } = await activeTerminal(`KILLED-${kind}`);
    const { id: sentId } = await operate(id, "end_of_day");
    expect(await old.next("command", 1)).toMatchObject({ operation_id: sentId });
    const dying = await startAnother();
    broker.hold(true);
    const answer = next.pair(dying, code).catch(() => "none");
    const used = server.db.sql.selectFrom("pairing_codes").selectAll().where("terminal_id", "=", id);
    const isUsed = async () => (await used.where("status", "=", "used").execute()).length === 2;
    await vi.waitUntil(isUsed, { interval: 10 });
    await dying.kill();
    broker.hold(false);
    expect(await answer).toBe("none");

    const fresh = await connectByRenewal(next);
    // Possibly no server has told the broker that the former device was replaced.
    const nextId = await expectOnlyOwnOperations(fresh, sentId);
    expect(old.received.map(({ message }) => message["operation_id"])).not.toContain(nextId);
  });

  it("is the one that is sent what another server has for it, also while the device before asks for messages here", async () => {
    const { id, old, code, next, token } = await activeTerminal(`OVERHEARD-${kind}`);
    await old.leave();
    const another = await startAnother();
    const ask = (body: object) =>
      server.call("POST", "/v1/device/messages", {
        headers: { authorization: `Bearer ${token}` },
        body: { session: "s1", ...body },
      });
    expect((await ask({})).status).toBe(200);
    const waiting = ask({ wait_seconds: 20 });
    const fresh = await connect((await next.pair(another, code)).body as Answered);
    const sent = await another.call("POST", base, { ...tenant, body: { terminal_id: id, operation: "end_of_day" } });
    expect(await fresh.next("command")).toMatchObject({ operation_id: sent.body.id });
    expect(await waiting).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
  });

  /** Starts another server on the same database and broker. */
  async function startAnother() {
    const dataDir = folderOfTest("test-data");
    const number = await freePort();
    const http = { host: "127.0.0.1", port: { number, configured: true } };
    const config = {
      ...testConfig,
      audienceHosts: [...testConfig.audienceHosts],
      dataDir,
      keyFile: inject("keyFile"),
      databaseUrl: server.database.url,
      files: filesOf(server.database.url),
      mqtt: broker.mqtt,
      http,
    };
    const replica = await ReplicaProcess.start({ config, clock: server.clock, host: undefined });
    onTestFinished(() => replica.kill());
    const url = `http://127.0.0.1:${number}`;
    return {
      url,
      call: ((method, path, more) => send(url, method, path, more)) as TestServer["call"],
      kill: () => replica.kill(),
    };
  }
});
