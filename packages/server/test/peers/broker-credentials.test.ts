import { randomUUID } from "node:crypto";
import { deviceAddress } from "@tillkeeper/contract/addresses";
import type { TestBroker } from "@tillkeeper/stage/brokers/broker";
import { mosquittoDynsec } from "@tillkeeper/stage/brokers/mosquitto-dynsec";
import type { MqttClient } from "mqtt";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { BrokerAccess } from "../../src/gateway/carriers/outside/access/access.ts";
import { mosquittoAccess } from "../../src/gateway/carriers/outside/access/mosquitto/mosquitto.ts";
import { createOutsideBroker } from "../../src/gateway/carriers/outside/broker.ts";
import type { BrokerGrant, MqttLogin, TakenCredential } from "../../src/terminals/credentials/broker-grant.ts";
import { enter } from "../support/hostile.ts";

const address = deviceAddress("T62000001-T0001", 1);
const other = deviceAddress("T62000001-T0002", 1);
const fleet = (count: number) => Array.from({ length: count }, (_, n) => deviceAddress("T62000001-T1000", n));
const token = (more: Partial<BrokerGrant> = {}): BrokerGrant => ({
  address,
  password: `token-${Math.random()}`,
  generation: "1",
  expiresAt: new Date(Date.now() + 3_600_000),
  ...more,
});

async function connect(broker: TestBroker, { username, password, clientId }: MqttLogin): Promise<MqttClient> {
  const { host } = new URL(broker.ownUrl);
  const client = await enter({ mqtt_url: `mqtt://${host}`, username, password, client_id: clientId });
  onTestFinished(() => client.endAsync(true));
  return client;
}

const ended = (client: MqttClient) => vi.waitUntil(() => !client.connected, { interval: 5 });

describe("tokens at Mosquitto", () => {
  let broker: Awaited<ReturnType<typeof mosquittoDynsec>>;
  let access: BrokerAccess;
  let live: { address: string; generation?: string }[];
  beforeEach(async () => {
    live = [{ address: other, generation: "1" }];
    broker = await mosquittoDynsec();
    await broker.start("");
    access = mosquittoAccess({ url: broker.ownUrl, secret: "a secret", live: async () => live });
    await access.prepare();
  });
  afterEach(() => broker.stop());

  it("are renewed without ending the connection, and revoked by ending it", async () => {
    const first = await access.admit(token());
    const client = await connect(broker, first);
    const renewed = await access.admit(token());
    expect(renewed.password).toBe(first.password);
    const next = await connect(broker, await access.admit(token({ address: deviceAddress("T62000001-T0001", 2) })));
    expect(client.connected).toBe(true);
    await access.revoke(address);
    await ended(client);
    await expect(connect(broker, first)).rejects.toThrow();
    expect(next.connected).toBe(true);
  });

  it("hold again after the broker lost its list, as soon as a server connects", async () => {
    const admitted = await access.admit(token());
    live = [{ address, generation: "1" }];
    await broker.kill();
    broker.forget();
    await broker.start("");
    await expect(connect(broker, admitted)).rejects.toThrow();
    await access.prepare();
    expect((await connect(broker, admitted)).connected).toBe(true);
  });

  it("are removed when a server connects, should another one have died before it could", async () => {
    const client = await connect(broker, await access.admit(token()));
    const staying = await connect(broker, await access.admit(token({ address: other })));
    await access.prepare();
    await ended(client);
    expect(staying.connected).toBe(true);
  });

  it("are taken back when their address turns out to be over, but never another one's", async () => {
    const first = await access.admit(token());
    const staying = await connect(broker, await access.admit(token({ address: other })));
    const client = await connect(broker, first);
    await access.withdraw({ address, generation: "1" });
    await ended(client);
    await expect(connect(broker, first)).rejects.toThrow();
    expect(staying.connected).toBe(true);
  });

  it("are taken away when nobody renews them, and the same password is never taken again", async () => {
    const [over, renewed] = [await access.admit(token()), await access.admit(token({ address: other }))];
    const [client, staying] = [await connect(broker, over), await connect(broker, renewed)];
    // Another server has stored a later renewal of the second token before this call reaches the broker.
    await access.lapse([
      { address, generation: "1" },
      { address: other, generation: "0" },
      { address: deviceAddress("T62000001-T0003", 1), generation: "1" },
    ]);
    await ended(client);
    await expect(connect(broker, over)).rejects.toThrow();
    expect(staying.connected).toBe(true);
    await access.prepare();
    await expect(connect(broker, over)).rejects.toThrow();
    const back = await access.admit(token({ generation: "1.1" }));
    expect(back.password).not.toBe(over.password);
    const anew = await connect(broker, back);
    await anew.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
    await expect(connect(broker, over)).rejects.toThrow();
    expect(anew.connected).toBe(true);
  });

  it("are there again after the broker lost its list, however many there are", async () => {
    const all = fleet(60).map((one) => ({ address: one, generation: "1" }));
    live = all;
    await access.prepare();
    const [first, last] = [all.at(0), all.at(-1)] as TakenCredential[];
    for (const one of [first, last]) {
      const admitted = await access.admit(token(one));
      expect((await connect(broker, admitted)).connected).toBe(true);
    }
    await access.lapse(all);
    await expect(connect(broker, await access.admit(token(first)))).resolves.toBeDefined();
  });

  it("are known by their own answers, however many servers ask the broker at the same moment", async () => {
    const ids = fleet(20);
    const servers = [access, mosquittoAccess({ url: broker.ownUrl, secret: "a secret", live: async () => live })];
    live = ids.map((id) => ({ address: id, generation: "1" }));
    const admitted = await Promise.all(
      ids.map(async (id, index) => {
        const server = servers[index % 2] as BrokerAccess;
        await server.lapse([{ address: id, generation: "0" }]);
        if (index % 5 === 0) await server.prepare();
        return server.admit(token({ address: id }));
      }),
    );
    for (const one of admitted) expect((await connect(broker, one)).connected).toBe(true);
  });

  /**
   * Starts two servers with this secret at the same moment. Returns them with the messages that they received and
   * their warnings.
   */
  async function startTwoServers(secret: string) {
    const warnings: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
    const heard: string[] = [];
    const url = broker.ownUrl;
    const open = async () => {
      const transport = createOutsideBroker({
        url,
        log,
        access: mosquittoAccess({ url, secret, live: async () => live }),
      });
      onTestFinished(() => transport.close());
      await transport.listen(async (from, channel) => void heard.push(`${from} ${channel}`));
      return transport;
    };
    return { servers: await Promise.all([open(), open()]), warnings, heard };
  }

  /**
   * Sends a message from both servers to the device, and from the device to the servers, over their first
   * connections. Returns the outcome.
   */
  async function exchangeMessages(
    { servers, warnings, heard }: Awaited<ReturnType<typeof startTwoServers>>,
    device: MqttClient,
  ) {
    let received = 0;
    device.on("message", () => (received += 1));
    await device.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
    for (const server of servers)
      await server.publish(address, "probe", { probe_id: randomUUID(), sent_at: new Date().toISOString() });
    await device.publishAsync(`tillkeeper/v1/${address}/hello`, "{}", { qos: 1 });
    await vi.waitUntil(() => received === 2 && heard.length > 0);
    const outcome = { heard: [...heard], warnings: [...warnings], connected: device.connected };
    for (const server of servers) await server.close();
    return outcome;
  }
  const withoutWarnings = { heard: [`${address} hello`], warnings: [], connected: true };

  it("stay, with the servers' own connections, when two servers find a new broker at the same moment", async () => {
    live = [address, ...fleet(20)].map((one) => ({ address: one, generation: "1" }));
    const admitted = await access.admit(token());
    for (let round = 0; round < 3; round += 1) {
      await broker.kill();
      broker.forget();
      await broker.start("");
      const arriving = vi.waitUntil(() => connect(broker, admitted).catch(() => undefined), { interval: 5 });
      expect(await exchangeMessages(await startTwoServers("a secret"), await arriving)).toEqual(withoutWarnings);
    }
  });

  it("leave servers of another secret no way in, of whom two that begin at the same moment stay", async () => {
    live = [{ address }];
    const device = await connect(broker, await access.admit({ address, password: "its own", generation: "0" }));
    const former = { ...access.own(), clientId: "of-a-server" } as MqttLogin;
    const before = await connect(broker, former);
    expect(await exchangeMessages(await startTwoServers("another secret"), device)).toEqual(withoutWarnings);
    await ended(before);
    await expect(connect(broker, former)).rejects.toThrow();
  });

  it("are not answered while the broker cannot be told", async () => {
    await broker.kill();
    await expect(access.admit(token())).rejects.toThrow();
    await expect(access.revoke(address)).rejects.toThrow();
  });
});

describe("passwords at Mosquitto", () => {
  let broker: Awaited<ReturnType<typeof mosquittoDynsec>>;
  let access: BrokerAccess;
  beforeEach(async () => {
    broker = await mosquittoDynsec();
    await broker.start("");
    access = mosquittoAccess({ url: broker.ownUrl, secret: "a secret", live: async () => [{ address }] });
    await access.prepare();
  });
  afterEach(() => broker.stop());
  const password = (of: string): BrokerGrant => ({ address, password: of, generation: "0" });

  it("are another one when the same device is given another one", async () => {
    const first = await access.admit(password("the first"));
    const client = await connect(broker, first);
    const next = await access.admit(password("the next"));
    await ended(client);
    await expect(connect(broker, first)).rejects.toThrow();
    expect((await connect(broker, next)).connected).toBe(true);
  });

  it("are what they were when a server connects, also one that connects before the broker is told", async () => {
    await access.prepare();
    const client = await connect(broker, await access.admit(password("its own")));
    await access.prepare();
    expect(client.connected).toBe(true);
    expect((await connect(broker, { username: address, password: "its own", clientId: address })).connected).toBe(true);
  });
});
