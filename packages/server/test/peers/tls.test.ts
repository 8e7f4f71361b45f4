import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { systemClock } from "@tillkeeper/agent/clock";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import type { DeviceToken } from "@tillkeeper/contract/http/devices";
import { Authority } from "@tillkeeper/stage/brokers/certificates";
import { PairingDevice } from "@tillkeeper/stage/devices/pairing-device";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { startServer } from "../../src/main.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import { enter, type IssuedCredential } from "../support/hostile.ts";
import { type ProgramName, programs } from "./device-suite/agents.ts";
import { activeDevice, SuiteDevice } from "./device-suite/device.ts";
import { Stage } from "./device-suite/stage.ts";

const embedded = { port: { number: 0, configured: true }, outsideUrl: undefined };
let own: Authority;
let foreign: Authority;
beforeAll(() => {
  own = new Authority();
  foreign = new Authority();
});
afterAll(() => {
  own.remove();
  foreign.remove();
});

async function issue(server: TestServer, aid: string): Promise<IssuedCredential> {
  const tenant = await server.account(aid);
  await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  const body = { device_serial_number: `64-${aid}`, store_id: "S312" };
  const { terminal_id } = (await server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body })).body;
  return (await server.call("POST", `/v1/accounts/${aid}/terminals/${terminal_id}/credentials`, tenant)).body;
}

/** Connects as the agent library does. Resolves with `up`, or with the code of the error. */
function agentAt(credential: IssuedCredential, ca: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    const connection = openMqttConnection({
      credential: {
        ...credential,
        url: credential.mqtt_url,
        clientId: credential.client_id,
        ...(ca !== undefined && { ca }),
      },
      clock: systemClock,
      log: {
        debug: () => {},
        info: () => {},
        error: () => {},
        warn: (about: { err?: unknown }) => resolve(String((about.err as { code?: string }).code)),
      },
      nextSession: () => "agent.1",
      events: { up: () => resolve("up"), down: () => {}, message: () => {} },
    });
    onTestFinished(() => connection.close());
  });
}

describe("the embedded broker with a certificate of a private authority", () => {
  const fleet = createVirtualFleet({});
  let server: TestServer;
  let credential: IssuedCredential;
  beforeAll(async () => {
    const mqtt = { ...embedded, tls: own.issue("IP:127.0.0.1") };
    server = await startTestServer({ config: { mqtt }, virtualTerminalHost: fleet });
    credential = await issue(server, "T64000001");
  });
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
  });

  it("is reached by the server's virtual terminals, whatever name its certificate is for", async () => {
    const tenant = await server.account("T64000004");
    const post = (path: string, body: object) => server.call("POST", path, { ...tenant, body });
    await post("/v1/accounts/T64000004/stores", { store_id: "S312" });
    const serial = { device_serial_number: "SIMULATED-T64000004-001", store_id: "S312" };
    const { terminal_id } = (await post("/v1/accounts/T64000004/terminals", serial)).body;
    const sent = await post("/v1/admin/terminals/operations", { terminal_id, operation: "open_menu" });
    const status = async () =>
      (await server.call("GET", `/v1/admin/terminals/operations/${sent.body.id}`, tenant)).body.status;
    await expect.poll(status).toBe("COMPLETED");
  });

  it("is where agents are told to connect, and lets in who trusts its authority", async () => {
    expect(credential.mqtt_url).toMatch(/^mqtts:\/\/127\.0\.0\.1:\d+$/);
    expect(await agentAt(credential, own.ca)).toBe("up");
  });

  it("is refused by an agent that trusts another authority, or those of the system alone", async () => {
    expect(await agentAt(credential, foreign.ca)).toMatch(foreignCertificate);
    expect(await agentAt(credential, undefined)).toMatch(/UNABLE_TO|SELF_SIGNED/);
  });

  it("lets in nobody without TLS, and outlives whoever speaks something else", async () => {
    await expect(enter({ ...credential, mqtt_url: credential.mqtt_url.replace("mqtts", "mqtt") })).rejects.toThrow();
    const { port } = new URL(credential.mqtt_url);
    const noise = connectTcp(Number(port), "127.0.0.1", () => noise.end("GET / HTTP/1.1\r\n\r\n"));
    noise.on("error", () => undefined).resume();
    await new Promise((resolve) => noise.once("close", resolve));
    expect(await agentAt(credential, own.ca)).toBe("up");
  });
});

it("an agent refuses a certificate for another host", async () => {
  const server = await startTestServer({ config: { mqtt: { ...embedded, tls: own.issue("DNS:broker.example") } } });
  onTestFinished(() => server.stop());
  expect(await agentAt(await issue(server, "T64000002"), own.ca)).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});

const outsideBrokers = ["mosquitto", "rabbitmq"] as const;
const programNames = Object.keys(programs) as ProgramName[];
const foreignCertificate =
  /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|CERT_SIGNATURE_FAILURE/;

describe.each(outsideBrokers)("%s with a certificate of a private authority", (carrier) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(carrier, own);
  });
  afterAll(() => stage?.close());
  const scene = (program: ProgramName) => ({ stage: () => stage, program });

  it.each(programNames)("takes the %s agent from its pairing to the end of its day", async (program) => {
    const device = await activeDevice(scene(program), { onTestFinished });
    expect((await tokenOf(stage)).mqtt_url).toMatch(/^mqtts:/);
    await stage.perform(device.id, "open_menu");
    await stage.perform(device.id, "end_of_day");
  });

  it("has a connection ended over TLS, too", async () => {
    const device = await activeDevice(scene("reference"), { onTestFinished });
    expect((await stage.call("POST", stage.terminal(device.id, "/credentials"))).status).toBe(201);
    await device.agent.until({ event: "disconnected" });
  });

  it("is refused by agents that trust another authority, or those of the system alone", async () => {
    const { mqtt_url, mqtt_username: username, mqtt_password: password, ...token } = await tokenOf(stage);
    const { mqtt_client_id: client_id, terminal_id, address } = token;
    const credential = { terminal_id, address, mqtt_url, username, password, client_id };
    expect(await agentAt(credential, own.ca)).toBe("up");
    expect(await agentAt(credential, foreign.ca)).toMatch(foreignCertificate);
    expect(await agentAt(credential, undefined)).toMatch(/UNABLE_TO|SELF_SIGNED/);
    // A certificate error must not make an agent try another version of MQTT.
    const { code, ...who } = await stage.register();
    const device = new SuiteDevice(scene("python"), { onTestFinished }, who, { ca: foreign.caFile });
    device.start(code);
    await device.agent.until({ event: "paired" });
    const log = () => readFileSync(join(device.folder, "agent.log"), "utf8");
    await vi.waitUntil(() => /certificate verify failed/i.test(log()), { interval: 50 });
    expect(device.agent.count({ event: "connected" })).toBe(0);
  });

  it.each([
    ["another authority", () => foreign.caFile],
    ["the system's alone", () => undefined],
  ])("is refused by a server that trusts %s, which says so", async (_, caFile) => {
    const { said, log } = listening();
    const starting = startServer({ config: await configOn(stage, { caFile: caFile() }), log });
    if (carrier !== "rabbitmq") {
      await expect(starting).rejects.toMatchObject({
        name: "StartupError",
        message: expect.stringContaining("MQTT_URL"),
      });
      return;
    }
    // RabbitMQ asks the server about each connection, so a server cannot wait for the broker at its start.
    const server = await starting;
    onTestFinished(() => server.stop());
    await vi.waitUntil(() => said().some((line) => foreignCertificate.test(line)));
    const { broker } = (await (await fetch(`${server.httpUrl}/health/ready`)).json()) as { broker: string };
    expect(broker).toBe("down");
  });

  it("may be known to terminals by another address", async () => {
    const publicUrl = "mqtts://terminals.example:8883";
    const config = { ...stage.mqtt, publicUrl };
    const further = await startTestServer({ database: stage.server.database, config: { mqtt: config } });
    onTestFinished(() => further.stop());
    const { id } = await stage.register();
    const { body } = await further.call("POST", stage.terminal(id, "/credentials"), stage.tenant);
    expect(body.mqtt_url).toBe(publicUrl);
  });
});

it.each([
  [
    "a file that is not there",
    () => ({ outsideUrl: "mqtts://127.0.0.1:1", caFile: "/nowhere/ca.pem" }),
    "TILLKEEPER_MQTT_CA_FILE",
  ],
  [
    "no usable key of the embedded broker",
    () => ({ tls: { certFile: own.caFile, keyFile: own.caFile } }),
    "TILLKEEPER_MQTT_KEY_FILE",
  ],
])("a server with %s says so and does not start", async (_, mqtt, named) => {
  const database = await startTestServer();
  onTestFinished(() => database.stop());
  const config = await configOn({ mqtt: embedded, server: database }, mqtt());
  const starting = startServer({ config, log: createLogger("silent") });
  await expect(starting).rejects.toMatchObject({ name: "StartupError", message: expect.stringContaining(named) });
});

/** Returns a configuration with the database and broker of another server. */
async function configOn({ mqtt, server }: Pick<Stage, "mqtt" | "server">, more: Partial<Config["mqtt"]>) {
  const data = new Folder("tls-data");
  onTestFinished(() => data.remove());
  return {
    ...testConfig,
    audienceHosts: [],
    dataDir: data.path,
    keyFile: inject("keyFile"),
    databaseUrl: server.database.url,
    files: filesOf(server.database.url),
    mqtt: { ...mqtt, ...more },
  };
}

/** Pairs a new terminal, and returns the answer to its device. */
async function tokenOf(stage: Stage): Promise<DeviceToken> {
  const { serial, code } = await stage.register();
  return (await (await PairingDevice.make(serial)).pair(stage.server, code)).body;
}

function listening() {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  return { said: () => lines, log };
}
