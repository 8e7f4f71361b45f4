import { setTimeout as sleep } from "node:timers/promises";
import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { deviceTokens } from "../../src/auth/device-tokens.ts";
import { openSigningKeys } from "../../src/auth/signing-keys.ts";
import type { BrokerAccess } from "../../src/broker-access/access.ts";
import { mosquittoAccess } from "../../src/broker-access/mosquitto/mosquitto.ts";
import { readNatsKeys } from "../../src/broker-access/nats/keys.ts";
import { natsAccess } from "../../src/broker-access/nats/nats.ts";
import { readConfigured } from "../../src/platform/configured-file.ts";
import type { Admission, Admitted } from "../../src/terminals/admission.ts";
import { liveCredentials } from "../../src/terminals/credentials.ts";
import { renewToken } from "../../src/terminals/pairing/tokens.ts";
import type { TestBroker } from "../support/broker-process.ts";
import { testRootKey } from "../support/database.ts";
import { enter } from "../support/hostile.ts";
import { mosquittoDynsec } from "../support/mosquitto-dynsec.ts";
import { nats } from "../support/nats.ts";
import { newNonce, PairingDevice, registerForPairing } from "../support/pairing-device.ts";
import { startTestServer } from "../support/test-server.ts";

const terminalId = "T62000001-T0001";
const other = "T62000001-T0002";
const token = (more: Partial<Admission> = {}): Admission => ({
  terminalId,
  password: `token-${Math.random()}`,
  generation: "1",
  former: "ends",
  expiresAt: new Date(Date.now() + 3_600_000),
  ...more,
});

async function connect(broker: TestBroker, { username, password, clientId }: Admitted): Promise<MqttClient> {
  const { host } = new URL(broker.ownUrl);
  const client = await enter({ mqtt_url: `mqtt://${host}`, username, password, client_id: clientId });
  onTestFinished(() => client.endAsync(true));
  return client;
}

const leaves = (client: MqttClient) => client.endAsync(true).then(() => false);
const ended = (client: MqttClient) => vi.waitUntil(() => !client.connected, { interval: 5 });

describe("tokens at Mosquitto", () => {
  let broker: Awaited<ReturnType<typeof mosquittoDynsec>>;
  let access: BrokerAccess;
  let live: { terminalId: string; generation: string }[];
  beforeEach(async () => {
    live = [{ terminalId: other, generation: "1" }];
    broker = await mosquittoDynsec();
    await broker.start("");
    access = mosquittoAccess({ url: broker.ownUrl, secret: "a secret", live: async () => live });
    await access.prepare();
  });
  afterEach(() => broker.stop());

  it("are renewed without ending the connection, and replaced by ending it", async () => {
    const first = await access.admit(token());
    const client = await connect(broker, first);
    const renewed = await access.admit(token({ former: "stays" }));
    expect(renewed.password).toBe(first.password);
    expect(client.connected).toBe(true);
    const replaced = await access.admit(token({ generation: "2" }));
    await ended(client);
    await expect(connect(broker, first)).rejects.toThrow();
    expect((await connect(broker, replaced)).connected).toBe(true);
  });

  it("hold again after the broker lost its list, as soon as a server connects", async () => {
    const admitted = await access.admit(token());
    live = [{ terminalId, generation: "1" }];
    await broker.kill();
    broker.forget();
    await broker.start("");
    await expect(connect(broker, admitted)).rejects.toThrow();
    await access.prepare();
    expect((await connect(broker, admitted)).connected).toBe(true);
  });

  it("are removed when a server connects, should another one have died before it could", async () => {
    const client = await connect(broker, await access.admit(token()));
    const stays = await access.admit(token({ terminalId: "T62000001-T0002" }));
    const staying = await connect(broker, stays);
    live = [{ terminalId: "T62000001-T0002", generation: "1" }];
    await access.prepare();
    await ended(client);
    expect(staying.connected).toBe(true);
  });

  it("are taken back when their credential turns out to be over, but never another one's", async () => {
    const first = await access.admit(token());
    await access.withdraw({ terminalId, generation: "2" });
    const client = await connect(broker, first);
    await access.withdraw({ terminalId, generation: "1" });
    await ended(client);
    await expect(connect(broker, first)).rejects.toThrow();
  });

  it("are taken away when nobody renews them, and the same password is never taken again", async () => {
    const [over, renewed] = [await access.admit(token()), await access.admit(token({ terminalId: other }))];
    const [client, staying] = [await connect(broker, over), await connect(broker, renewed)];
    // Of the second somebody has noted another renewal by the time the broker is told.
    await access.lapse([
      { terminalId, generation: "1" },
      { terminalId: other, generation: "0" },
      { terminalId: "T62000001-T0003", generation: "1" },
    ]);
    await ended(client);
    await expect(connect(broker, over)).rejects.toThrow();
    expect(staying.connected).toBe(true);
    await access.prepare();
    await expect(connect(broker, over)).rejects.toThrow();
    const back = await access.admit(token({ generation: "1.1", former: "stays" }));
    expect(back.password).not.toBe(over.password);
    const anew = await connect(broker, back);
    await anew.subscribeAsync(`tillkeeper/v1/${terminalId}/+`, { qos: 1 });
    await expect(connect(broker, over)).rejects.toThrow();
    expect(anew.connected).toBe(true);
  });

  it("are there again after the broker lost its list, however many there are", async () => {
    live = Array.from({ length: 60 }, (_, index) => ({ terminalId: `T62000001-T${1000 + index}`, generation: "1" }));
    await access.prepare();
    const [first, last] = [live.at(0), live.at(-1)] as { terminalId: string; generation: string }[];
    for (const one of [first, last]) {
      const admitted = await access.admit(token({ ...one, former: "stays" }));
      expect((await connect(broker, admitted)).connected).toBe(true);
    }
    await access.lapse(live);
    await expect(connect(broker, await access.admit(token({ ...first, former: "stays" })))).resolves.toBeDefined();
  });

  it("are known by their own answers, however many servers ask the broker at the same moment", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `T62000001-T${2000 + index}`);
    const servers = [access, mosquittoAccess({ url: broker.ownUrl, secret: "a secret", live: async () => live })];
    live = ids.map((id) => ({ terminalId: id, generation: "1" }));
    const admitted = await Promise.all(
      ids.map(async (id, index) => {
        const server = servers[index % 2] as BrokerAccess;
        await server.withdraw({ terminalId: id, generation: "0" });
        if (index % 5 === 0) await server.prepare();
        return server.admit(token({ terminalId: id, former: "stays" }));
      }),
    );
    for (const one of admitted) expect((await connect(broker, one)).connected).toBe(true);
  });

  it("are neither answered nor left there for a terminal that was deleted while they were made", async () => {
    const aid = "T62000001";
    const server = await startTestServer({ config: { mqtt: broker.mqtt } });
    onTestFinished(() => server.stop());
    const tenant = await server.account(aid);
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, "DELETED-MEANWHILE");
    const device = await PairingDevice.make("DELETED-MEANWHILE");
    const paired = (await device.pair(server, pairing.code)).body;
    const own = mosquittoAccess({ url: broker.ownUrl, secret: broker.mqtt.brokerSecret ?? "", live: async () => [] });
    const made: Admitted[] = [];
    const deps = {
      db: server.db,
      clock: server.clock,
      tellsApart: false,
      deviceTokens: deviceTokens({
        keys: await openSigningKeys(server.db, server.clock, testRootKey()),
        clock: server.clock,
        lifetimeSeconds: 60,
      }),
      findLiveCredential: liveCredentials(server.db),
      mqttUrl: () => server.mqttUrl,
      ownUrl: () => server.url,
      isOwnAddress: () => true,
      renewals: { take: () => 0 },
      admit: async (admission: Admission) => {
        await server.call("DELETE", `/v1/accounts/${aid}/terminals/${id}`, tenant);
        const refused = { username: id, password: paired.mqtt_password, clientId: id };
        await vi.waitUntil(() => connect(broker, refused).then(leaves, () => true), { interval: 50 });
        made.push(await own.admit(admission));
        return made[0] as Admitted;
      },
      withdraw: (credential: Parameters<BrokerAccess["withdraw"]>[0]) => own.withdraw(credential),
      giveUpRecipient: async () => {},
    };
    const proof = await device.sign(server, "renewal", { nonce: await newNonce(server), sub: id });
    await expect(
      renewToken(deps, { address: "127.0.0.1", reached: {} }, { terminal_id: id, proof }),
    ).rejects.toMatchObject({ code: "invalid_proof" });
    expect(made).toHaveLength(1);
    await expect(connect(broker, made[0] as Admitted)).rejects.toThrow();
  });

  it("are not answered while the broker cannot be told", async () => {
    await broker.kill();
    await expect(access.admit(token())).rejects.toThrow();
    await expect(access.revoke(terminalId)).rejects.toThrow();
  });
});

describe("tokens at NATS", () => {
  let broker: TestBroker;
  let servers: BrokerAccess[];
  beforeEach(async () => {
    broker = await nats();
    await broker.start("");
    const { url, keysFile } = broker.mqtt.nats as { url: string; keysFile: string };
    const keys = readNatsKeys(readConfigured("", keysFile));
    servers = [natsAccess({ url, keys }), natsAccess({ url, keys })];
    for (const server of servers) await server.prepare();
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await broker.stop();
  });
  const [one, two] = [() => servers[0] as BrokerAccess, () => servers[1] as BrokerAccess];

  const letIn = (each: Admitted) =>
    connect(broker, each).then(
      () => true,
      () => false,
    );

  it("are renewed without ending the connection, and replaced by ending it, at whichever server", async () => {
    const first = await one().admit(token());
    const client = await connect(broker, first);
    const renewed = await two().admit(token({ former: "stays" }));
    expect((await connect(broker, renewed)).connected).toBe(true);
    expect(client.connected).toBe(true);
    const replaced = await two().admit(token());
    await ended(client);
    for (const old of [first, renewed]) await expect(connect(broker, old)).rejects.toThrow();
    expect((await connect(broker, replaced)).connected).toBe(true);
  });

  it("end by themselves when they expire", async () => {
    const short = await one().admit(token({ expiresAt: new Date(Date.now() + 4_000) }));
    const client = await connect(broker, short);
    await ended(client);
    await expect(connect(broker, short)).rejects.toThrow();
  });

  it("stay revoked over a restart of the broker", async () => {
    const old = await one().admit(token());
    await one().revoke(terminalId);
    await broker.kill();
    await broker.start("");
    // By its MQTT listener it is not yet ready to check anybody.
    const next = await vi.waitUntil(
      () =>
        one()
          .admit(token())
          .catch(() => undefined),
      { timeout: 10_000 },
    );
    expect((await connect(broker, next)).connected).toBe(true);
    await expect(connect(broker, old)).rejects.toThrow();
  });

  it("are all revoked in the end when two servers revoke many at the same moment", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `T62000001-T${1000 + index}`);
    const admitted = await Promise.all(ids.map((id) => one().admit(token({ terminalId: id, former: "stays" }))));
    const clients: MqttClient[] = [];
    for (const each of admitted) clients.push(await connect(broker, each));
    await Promise.all(ids.map((id, index) => (index % 2 === 0 ? one() : two()).revoke(id)));
    for (const client of clients) await ended(client);
    // One server may have written over what the other one wrote: each looks again.
    const anyLetIn = async () => (await Promise.all(admitted.map(letIn))).includes(true);
    await expect.poll(anyLetIn, { interval: 200 }).toBe(false);
  });

  it("are called ended only when they are, also where another server writes at the same moment", async () => {
    for (const id of Array.from({ length: 4 }, (_, index) => `T62000001-T${1000 + index}`)) {
      const beside = id.replace("-T1", "-T5");
      const old = await one().admit(token({ terminalId: id }));
      await two().admit(token({ terminalId: beside }));
      let letInAfter: Promise<boolean> | undefined;
      const formerEnded = async () => {
        letInAfter ??= letIn(old);
        await letInAfter;
      };
      await Promise.all([
        one().admit(token({ terminalId: id, generation: "2", formerEnded })),
        two().admit(token({ terminalId: beside, generation: "2" })),
      ]);
      // It may not be said at all; what waits for it is sent once then, and to nobody after that.
      for (let looks = 0; looks < 400; looks += 1) {
        if (letInAfter) break;
        await sleep(20);
      }
      expect(await (letInAfter ?? false)).toBe(false);
    }
  });

  it("stay revoked where the server ends that had to look after it", async () => {
    const ids = Array.from({ length: 6 }, (_, index) => `T62000001-T${1000 + index}`);
    const admitted = await Promise.all(ids.map((id) => one().admit(token({ terminalId: id, former: "stays" }))));
    await Promise.all(ids.map((id, index) => (index % 2 === 0 ? one() : two()).revoke(id)));
    // One after the other: at the same moment they could write over each other again.
    for (const server of servers) await server.close();
    expect((await Promise.all(admitted.map(letIn))).includes(true)).toBe(false);
  });
});
