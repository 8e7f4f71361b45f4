import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { PairingDevice } from "@tillkeeper/stage/devices/pairing-device";
import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { send, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type RunningServer, startServer } from "../src/main.ts";
import { createLogger } from "../src/platform/log/log.ts";

const aid = "T41000001";
const made = (name: string) => `${name}-${randomBytes(24).toString("base64url")}`;

/** A server that logs at every level, in this process, in every topology of the run. */
describe("the log at its finest level", () => {
  const bootstrapToken = made("bootstrap");
  const brokerSecret = made("broker");
  const lines: string[] = [];
  const secrets = new Map<string, string>([
    ["bootstrap token", bootstrapToken],
    ["broker secret", brokerSecret],
  ]);
  let folder: string;
  let database: TestDatabase;
  let server: RunningServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tillkeeper-test-log-"));
    database = await createTestDatabase();
    server = await startServer({
      config: {
        ...testConfig,
        audienceHosts: [...testConfig.audienceHosts],
        mqtt: { ...testConfig.mqtt, brokerSecret },
        bootstrapToken,
        databaseUrl: database.url,
        dataDir: join(folder, "data"),
      },
      log: createLogger("trace", { write: (line) => void lines.push(line) }),
    });
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const call: TestServer["call"] = (method, path, options) => send(server.httpUrl, method, path, options);
  const secret = (name: string, value: string) => {
    secrets.set(name, value);
    return value;
  };

  async function openAccount() {
    const { body } = await call("POST", "/v1/accounts", {
      token: bootstrapToken,
      body: { account_id: aid, name: "Shop" },
    });
    const clientSecret = secret("client secret", body.client.client_secret);
    const authorization = secret("basic", basic(body.client.client_id, clientSecret));
    const tokenPath = `/v1/accounts/${aid}/auth/token`;
    const tokenBody = { grant_type: "client_credentials", audience: `${server.httpUrl}/v1/accounts/${aid}` };
    const answer = await call("POST", tokenPath, { headers: { authorization }, body: tokenBody });
    const token = secret("access token", answer.body.access_token);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const sent = `grant_type=client_credentials&client_id=${body.client.client_id}&client_secret=`;
    await call("POST", tokenPath, { headers: form, body: `${sent}${clientSecret}` });
    await call("POST", tokenPath, { headers: form, body: `${sent}${secret("wrong secret", made("wrong"))}` });
    await call("POST", tokenPath, { headers: { authorization }, body: `{"client_secret":"${clientSecret}"` });
    await call("GET", `/v1/accounts/${aid}/stores?access_token=${token}&code=${secret("code", made("code"))}`);
    await call("GET", `/v1/accounts/${aid}/stores?${secret("bare", made("bare"))}`, { token });
    await call("GET", `/nothing/${token}?token=${token}`, { headers: { authorization: `Token ${clientSecret}` } });
    await call("GET", `/v1/accounts/${aid}/stores`, { token: `${token}x` });
    return { token };
  }

  async function useDevices(token: string) {
    const { body: store } = await call("POST", `/v1/accounts/${aid}/stores`, { token, body: {} });
    const terminals = `/v1/accounts/${aid}/terminals`;
    const register = async (serial: string) =>
      (await call("POST", terminals, { token, body: { device_serial_number: serial, store_id: store.id } })).body;
    const { terminal_id: one } = await register("LOG-1");
    const issued = (await call("POST", `${terminals}/${one}/credentials`, { token })).body;
    const password = secret("terminal's password", issued.password);
    const { username, client_id: clientId } = issued;
    const client = await connectAsync(server.mqttUrl, { username, password, clientId, reconnectPeriod: 0 });
    await client.endAsync();
    const wrong = { username, clientId, password: secret("wrong password", made("mqtt")), reconnectPeriod: 0 };
    await expect(connectAsync(server.mqttUrl, wrong, false)).rejects.toThrow();

    const { pairing } = await register("LOG-2");
    const code = secret("pairing code", pairing.code);
    const device = await PairingDevice.make("LOG-2");
    await device.pair({ call, url: server.httpUrl }, "AAAA-AAAA-AAAA");
    const paired = await device.pair({ call, url: server.httpUrl }, code);
    expect(paired.status).toBe(200);
    secret("device token", paired.body.device_token ?? paired.body.token ?? paired.body.password ?? "");
    await call("PUT", `/v1/device/operations/${crypto.randomUUID()}/logs`, {
      token: secret("transfer token", made("transfer")),
      headers: { "content-type": "application/gzip" },
      body: gzipSync("x"),
    });
  }

  async function askAsBroker() {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const body = `username=x&password=${secret("broker's password", made("password"))}`;
    await call("POST", `/v1/broker/${brokerSecret}/rabbitmq/user`, { headers: form, body });
    await call("POST", `/v1/broker/${brokerSecret}/rabbitmq/nothing`, { headers: form, body });
    await call("POST", "/v1/broker/auth", {
      token: brokerSecret,
      body: { username: "x", password: made("p"), clientid: 1 },
    });
  }

  it("holds no secret that was made, sent or shown in a run", async () => {
    const { token } = await openAccount();
    await useDevices(token);
    await askAsBroker();
    await vi.waitUntil(() => lines.some((line) => line.includes("/v1/broker/auth")));
    expect(lines.filter((line) => line.includes('"answered"')).length).toBeGreaterThan(15);
    expect([...secrets].filter(([, value]) => value === "")).toEqual([]);
    const found = [...secrets].filter(([, value]) => lines.some((line) => line.includes(value)));
    expect(found.map(([name]) => name)).toEqual([]);
  });

  it("does not take a caller that hangs up for a database that is away", async () => {
    const before = lines.length;
    const { port } = new URL(server.httpUrl);
    const socket = connect(Number(port), "127.0.0.1");
    const head = `POST /v1/accounts/${aid}/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n`;
    socket.write(head);
    // The server has begun the request.
    await once(socket, "data");
    socket.resetAndDestroy();
    const logged = () => lines.slice(before).map((line) => JSON.parse(line));
    await vi.waitUntil(() => logged().some(({ msg }) => msg === "the caller hung up"));
    expect(logged().filter(({ level }) => level > 30)).toEqual([]);
  });
});
