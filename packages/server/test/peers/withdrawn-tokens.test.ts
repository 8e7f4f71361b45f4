import { mosquittoDynsec } from "@tillkeeper/stage/brokers/mosquitto-dynsec";
import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { testRootKey } from "@tillkeeper/stage/postgres/database";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, it, onTestFinished, vi } from "vitest";
import { openSigningKeys } from "../../src/access/auth/keys/signing-keys.ts";
import { deviceTokens } from "../../src/access/auth/tokens/device-tokens.ts";
import { renewToken } from "../../src/enrolment/pairing/tokens.ts";
import { mosquittoAccess } from "../../src/gateway/carriers/outside/access/mosquitto/mosquitto.ts";
import type { BrokerGrant, MqttLogin, TakenCredential } from "../../src/terminals/credentials/broker-grant.ts";
import { liveCredentials } from "../../src/terminals/credentials/find-live.ts";
import { enter } from "../support/hostile.ts";

type Answered = Record<"mqtt_username" | "mqtt_password" | "mqtt_client_id", string>;

it("a token is neither answered nor left at Mosquitto for a terminal that was deleted while it was made", async () => {
  const broker = await mosquittoDynsec();
  onTestFinished(() => broker.stop());
  await broker.start("");
  const aid = "T62000001";
  const server = await startTestServer({ config: { mqtt: broker.mqtt } });
  onTestFinished(() => server.stop());
  const tenant = await server.account(aid);
  const { terminal_id: id, pairing } = await registerForPairing(server, tenant, "DELETED-MEANWHILE");
  const device = await PairingDevice.make("DELETED-MEANWHILE");
  const paired = (await device.pair(server, pairing.code)).body;
  const letIn = async (answered: Answered) => {
    const { mqtt_username: username, mqtt_password: password, mqtt_client_id: client_id } = answered;
    return enter({ mqtt_url: server.mqttUrl, username, password, client_id }).then(
      (client) => client.endAsync(true).then(() => true),
      () => false,
    );
  };
  expect(await letIn(paired)).toBe(true);
  const own = mosquittoAccess({ url: broker.ownUrl, secret: broker.mqtt.brokerSecret ?? "", live: async () => [] });
  const made: MqttLogin[] = [];
  const deps = {
    db: server.db,
    clock: server.clock,
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
    admit: async (admission: BrokerGrant) => {
      await server.call("DELETE", `/v1/accounts/${aid}/terminals/${id}`, tenant);
      await vi.waitUntil(() => letIn(paired).then((is) => !is), { interval: 50 });
      made.push(await own.admit(admission));
      return made[0] as MqttLogin;
    },
    withdraw: (credential: TakenCredential) => own.withdraw(credential),
    addressAhead: async () => {},
  };
  const proof = await device.sign(server, "renewal", { nonce: await newNonce(server), sub: id });
  const peer = { reached: {}, address: "127.0.0.1", requestId: "test" };
  await expect(renewToken(deps, peer, { terminal_id: id, proof })).rejects.toMatchObject({ code: "invalid_proof" });
  expect(made).toHaveLength(1);
  const [{ username, password, clientId }] = made as [MqttLogin];
  expect(await letIn({ mqtt_username: username, mqtt_password: password, mqtt_client_id: clientId })).toBe(false);
});
