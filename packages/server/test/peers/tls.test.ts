import { connect as connectTcp } from "node:net";
import { systemClock } from "@tillkeeper/terminal/clock";
import { openMqttConnection } from "@tillkeeper/terminal/mqtt-connection";
import { createVirtualFleet } from "@tillkeeper/terminal/virtual-fleet";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Config } from "../../src/config.ts";
import { startServer } from "../../src/main.ts";
import { createLogger } from "../../src/platform/log.ts";
import { Folder, ProcessGroup } from "../support/broker-process.ts";
import { Authority } from "../support/certificates.ts";
import { freePort } from "../support/free-port.ts";
import { enter, type IssuedCredential } from "../support/hostile.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { testConfig } from "../support/topology.ts";

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

/** Connects as the agent library does; answers `up`, or why it does not connect. */
function agentAt(credential: IssuedCredential, ca: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    const connection = openMqttConnection({
      terminalId: credential.terminal_id,
      credential: { ...credential, url: credential.mqtt_url, ...(ca !== undefined && { ca }) },
      clock: systemClock,
      log: {
        debug: () => {},
        info: () => {},
        error: () => {},
        warn: (about: { err?: unknown }) => resolve(String((about.err as { code?: string }).code)),
      },
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
    await expect.poll(status, { timeout: 15_000 }).toBe("COMPLETED");
  });

  it("is where agents are told to connect, and lets in who trusts its authority", async () => {
    expect(credential.mqtt_url).toMatch(/^mqtts:\/\/127\.0\.0\.1:\d+$/);
    expect(await agentAt(credential, own.ca)).toBe("up");
  });

  it("is refused by an agent that trusts another authority, or those of the system alone", async () => {
    expect(await agentAt(credential, foreign.ca)).toMatch(
      /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|CERT_SIGNATURE_FAILURE/,
    );
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

describe("an outside broker with a certificate of a private authority", () => {
  const folder = new Folder("tls");
  let port: number;
  let broker: ProcessGroup;
  beforeAll(async () => {
    port = await freePort();
    const { certFile, keyFile } = own.issue("IP:127.0.0.1");
    const conf = [`listener ${port} 127.0.0.1`, "allow_anonymous true", `certfile ${certFile}`, `keyfile ${keyFile}`];
    if (process.getuid?.() === 0) conf.unshift("user root");
    broker = new ProcessGroup("/usr/sbin/mosquitto", ["-c", folder.write("mosquitto.conf", `${conf.join("\n")}\n`)]);
    await broker.listens(port);
  });
  afterAll(async () => {
    await broker.end();
    folder.remove();
  });
  const at = (more: Partial<Config["mqtt"]>) => ({ ...embedded, outsideUrl: `mqtts://127.0.0.1:${port}`, ...more });

  it("is connected to by a server that trusts the authority; terminals are told the public address", async () => {
    const publicUrl = "mqtts://terminals.example:8883";
    const server = await startTestServer({ config: { mqtt: at({ caFile: own.caFile, publicUrl }) } });
    onTestFinished(() => server.stop());
    expect((await server.call("GET", "/health/ready")).body).toMatchObject({ broker: "up" });
    expect((await issue(server, "T64000003")).mqtt_url).toBe(publicUrl);
    // To send a connection away needs one, too.
    const again = await server.call(
      "POST",
      "/v1/accounts/T64000003/terminals/T64000003-T0001/credentials",
      await server.account("T64000003", { clientId: "second" }),
    );
    expect(again.status).toBe(201);
  });

  it.each([
    ["another authority", () => at({ caFile: foreign.caFile }), "MQTT_URL"],
    ["none", () => at({}), "MQTT_URL"],
    ["a file that is not there", () => at({ caFile: "/nowhere/ca.pem" }), "TILLKEEPER_MQTT_CA_FILE"],
    [
      "an embedded broker without a usable key",
      () => ({ ...embedded, tls: { certFile: own.caFile, keyFile: own.caFile } }),
      "TILLKEEPER_MQTT_KEY_FILE",
    ],
  ])("a server that trusts %s says so and does not start", async (_, mqtt, named) => {
    const data = new Folder("tls-data");
    onTestFinished(() => data.remove());
    const database = await startTestServer();
    onTestFinished(() => database.stop());
    const config = {
      ...testConfig,
      audienceHosts: [],
      dataDir: data.path,
      databaseUrl: database.database.url,
      mqtt: mqtt(),
    };
    const starting = startServer({ config, log: createLogger("silent") });
    await expect(starting).rejects.toMatchObject({ name: "StartupError", message: expect.stringContaining(named) });
  });
});
