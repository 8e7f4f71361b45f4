import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { TestBroker } from "../support/broker-process.ts";
import { type BrokerKind, brokerKinds, embeddedConfig } from "../support/brokers.ts";
import { freePort } from "../support/free-port.ts";
import { enter } from "../support/hostile.ts";
import { PairingDevice, registerForPairing } from "../support/pairing-device.ts";
import { startTestServer, type Tenant, type TestServer } from "../support/test-server.ts";

/** NATS reads the end of a token by its own clock, which no test can move. */
const lifetimes: Record<BrokerKind, number> = { embedded: 600, mosquitto: 600, rabbitmq: 600, nats: 4 };
/** `pairingLimits.tokenGraceSeconds`, and what it takes to look. */
const grace = 121;

describe.each(Object.keys(brokerKinds) as BrokerKind[])("a device token at %s", (kind) => {
  const lifetime = lifetimes[kind];
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
    tenant = await server.account("T67000001");
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    await broker?.stop();
  });

  async function ready() {
    const status = async () => (await server.call("GET", "/health/ready")).status;
    await vi.waitUntil(async () => (await status()) === 200, { timeout: 60_000, interval: 50 });
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

  const ends = (client: MqttClient) => vi.waitUntil(() => !client.connected, { timeout: 20_000, interval: 20 });
  const lapsed = async (id: string) => {
    const query = server.db.sql.selectFrom("terminal_credentials").selectAll().where("terminal_id", "=", id);
    const { lapsed_at, lapse_due_at } = await query.executeTakeFirstOrThrow();
    return lapsed_at !== null && lapse_due_at === null;
  };

  it("ends, with what it opened, when nobody renews it; and nothing brings it back", async () => {
    const silent = await pair("PEER-SILENT");
    const over = await connect(silent.first);
    const alive = await pair("PEER-ALIVE");
    if (kind === "nats") await ends(over);
    const renewed = await alive.renew();
    const staying = await connect(renewed);
    // Renewed once more, on the connection that stands.
    if (kind !== "nats") server.clock.advance((lifetime - 60) * 1000);
    await alive.renew();
    server.clock.advance(kind === "nats" ? (lifetime + grace) * 1000 : (60 + grace) * 1000);
    await ends(over);
    await expect(connect(silent.first)).rejects.toThrow();
    await vi.waitUntil(() => lapsed(silent.id), { timeout: 20_000, interval: 50 });
    if (kind !== "nats") expect(staying.connected).toBe(true);

    await server.restart();
    await ready();
    await expect(connect(silent.first)).rejects.toThrow();
    const back = await connect(await silent.renew());
    await expect(connect(silent.first)).rejects.toThrow();
    expect(back.connected).toBe(true);
  }, 120_000);
});
