import { Agent } from "@tillkeeper/agent/agent";
import { DeviceCredential } from "@tillkeeper/agent/credentials/device-credential";
import { makeDeviceKeys } from "@tillkeeper/agent/credentials/device-keys";
import { pairDevice } from "@tillkeeper/agent/credentials/pairing";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { TestBroker } from "@tillkeeper/stage/brokers/broker";
import { type BrokerKind, brokerKinds, embeddedConfig } from "@tillkeeper/stage/brokers/brokers";
import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { enter } from "../support/hostile.ts";

const lifetime = 600;
/** Seconds: `pairingLimits.tokenGraceSeconds`, and one more so that a worker looks. */
const grace = 121;

describe.each(Object.keys(brokerKinds) as BrokerKind[])("a device at %s", (kind) => {
  let broker: TestBroker | undefined;
  let server: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    broker = await brokerKinds[kind]();
    const mqtt = broker?.mqtt ?? embeddedConfig;
    const number = await freePort();
    await broker?.start(`http://127.0.0.1:${number}`);
    const http = { host: "127.0.0.1", port: { number, configured: true } };
    const config = { mqtt, http, deviceTokenSeconds: lifetime, tokenLifetimeSeconds: 604_800 };
    server = await startTestServer({ config });
    await ready();
    tenant = await server.account();
  });
  afterAll(async () => {
    await server?.stop();
    await broker?.stop();
  });

  async function ready() {
    const link = async () => (await server.call("GET", "/health/ready")).body.broker;
    await vi.waitUntil(async () => (await link()) === "up", { interval: 50 });
  }

  interface Answered {
    mqtt_url: string;
    mqtt_username: string;
    mqtt_password: string;
    mqtt_client_id: string;
  }

  async function pair(serial: string) {
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, serial);
    const device = await PairingDevice.make(serial);
    const renew = async (): Promise<Answered> => (await device.renew(server, id)).body;
    return { id, renew, first: (await device.pair(server, pairing.code)).body as Answered };
  }

  async function connect(answered: Answered): Promise<MqttClient> {
    const { mqtt_url, mqtt_username: username, mqtt_password: password, mqtt_client_id: client_id } = answered;
    const client = await enter({ mqtt_url, username, password, client_id });
    onTestFinished(() => client.endAsync(true));
    return client;
  }

  const ends = (client: MqttClient) => vi.waitUntil(() => !client.connected);
  const lapsed = async (id: string) => {
    const query = server.db.sql.selectFrom("terminal_credentials").selectAll().where("terminal_id", "=", id);
    const { lapsed_at, lapse_due_at } = await query.executeTakeFirstOrThrow();
    return lapsed_at !== null && lapse_due_at === null;
  };

  it("is out when nobody renews its token, and nothing brings that back", async () => {
    const silent = await pair("PEER-SILENT");
    const over = await connect(silent.first);
    const alive = await pair("PEER-ALIVE");
    const renewed = await alive.renew();
    const staying = await connect(renewed);
    // Renews the token once more, while the connection stays open.
    server.clock.advance((lifetime - 60) * 1000);
    await alive.renew();
    server.clock.advance((60 + grace) * 1000);
    await ends(over);
    await expect(connect(silent.first)).rejects.toThrow();
    await vi.waitUntil(() => lapsed(silent.id), { interval: 50 });
    expect(staying.connected).toBe(true);

    await server.restart();
    await ready();
    await expect(connect(silent.first)).rejects.toThrow();
    const back = await connect(await silent.renew());
    await expect(connect(silent.first)).rejects.toThrow();
    expect(back.connected).toBe(true);
  });

  it("tells how it closed the day also when it was paired anew meanwhile, and closes it once", async () => {
    const path = `/v1/accounts/${tenant.aid}/terminals`;
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, "PEER-CLOSES");
    const pairAs = async (code: string) => {
      const of = { server: server.url, keys: makeDeviceKeys() };
      const first = await pairDevice({ ...of, serialNumber: "PEER-CLOSES", code });
      const kept = await DeviceCredential.open({ ...of, terminalId: id, first });
      onTestFinished(() => kept.stop());
      return kept.credential;
    };
    let closed: () => void = () => undefined;
    let closings = 0;
    const closing = new Promise<void>((resolve) => (closed = resolve));
    const agent = new Agent({
      agentName: "closes/1",
      credential: await pairAs(pairing.code),
      journal: memoryJournal(undefined),
      handlers: {
        check_update: { run: async () => ({ status: "COMPLETED", result: upToDate }) },
        end_of_day: {
          run: async () => {
            closings += 1;
            await closing;
            return { status: "COMPLETED", result: closedDay() };
          },
        },
      },
    });
    agent.start();
    onTestFinished(() => agent.stop());
    const operation = async (sent: string) => (await server.call("GET", `${operations}/${sent}`, tenant)).body;
    const send = async (name: string) => {
      const sent = await server.call("POST", operations, { ...tenant, body: { terminal_id: id, operation: name } });
      expect(sent.body).toMatchObject({ operation: name });
      return sent.body.id as string;
    };
    const status = async () => (await server.call("GET", `${path}/${id}`, tenant)).body.status;
    const hello = async () => (await server.call("GET", `${path}/${id}/presence`, tenant)).body.status;
    await expect.poll(hello).toBe("online");
    await send("check_update");
    await expect.poll(status).toBe("ACTIVE");
    const sent = await send("end_of_day");
    await expect.poll(() => operation(sent)).toMatchObject({ phase: "started" });

    const { code } = (await server.call("POST", `${path}/${id}/pairing-codes`, { ...tenant, body: {} })).body;
    agent.use(await pairAs(code));
    closed();
    await expect.poll(() => operation(sent)).toMatchObject({ status: "COMPLETED" });
    expect(closings).toBe(1);
  });
});

const operations = "/v1/admin/terminals/operations";
const upToDate = {
  current_version: "1",
  latest_version: "1",
  update_available: false,
  configuration_version: "1",
};

function closedDay() {
  const now = new Date().toISOString();
  return {
    outcome: "accepted" as const,
    batch_id: "1",
    start_of_day_at: now,
    last_end_of_day_at: now,
    purchases_count: 0,
    purchases_amount: 0,
    reversals_count: 0,
    reversals_amount: 0,
    sale_amount: 0,
    tip_amount: 0,
    currency: "NOK",
  };
}
