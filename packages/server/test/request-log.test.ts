import { basic } from "@tillkeeper/stage/accounts/tokens";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { send } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { world } from "@tillkeeper/stage/world";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { newSecret } from "../src/access/auth/secrets/secrets.ts";
import { type RunningServer, startServer } from "../src/main.ts";

const aid = "T12345678";
const tokens = `/v1/accounts/${aid}/auth/token`;
const stores = `/v1/accounts/${aid}/stores`;
const body = { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${aid}` };

describe("the request log", async () => {
  const { server: maker, tenant } = await world({ own: {}, aid });
  let server: RunningServer;
  const dataDir = folderOfTests("test-log");
  let lines: string[] = [];
  beforeAll(async () => {
    const config = { ...testConfig, audienceHosts: [...testConfig.audienceHosts], dataDir, keyFile: inject("keyFile") };
    const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
    server = await startServer({
      config: { ...config, databaseUrl: maker.database.url, files: filesOf(maker.database.url) },
      log,
      clock: maker.clock.over,
    });
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => {
    lines = [];
  });

  const call = (method: string, path: string, more: Parameters<typeof send>[3] = {}) =>
    send<{ access_token: string }>(server.httpUrl, method, path, more);
  const ask = (clientId: string, secret: string, fields = {}) =>
    call("POST", tokens, { headers: { authorization: basic(clientId, secret) }, body: { ...body, ...fields } });
  /** Polls, because the line is written after the answer has been sent. */
  const logged = async (url: string) => {
    const found = () => lines.map((line) => JSON.parse(line)).filter((line) => line.url === url);
    await expect.poll(() => found().length).toBeGreaterThan(0);
    return found();
  };

  it("names the client of each request that shows a token, refused ones too", async () => {
    await call("GET", stores, { token: tenant.token });
    expect(await logged(stores)).toMatchObject([{ status: 200, client_id: tenant.clientId, account_id: aid }]);
    const foreign = "/v1/accounts/T87654321/stores";
    await call("GET", foreign, { token: tenant.token });
    expect(await logged(foreign)).toMatchObject([{ status: 404, client_id: tenant.clientId, account_id: aid }]);
    await call("GET", `${stores}?limit=1`, { token: `${tenant.token.slice(0, -8)}AAAAAAAA` });
    const [forged] = await logged(`${stores}?limit=1`);
    expect(forged).toMatchObject({ status: 401 });
    expect(forged).not.toHaveProperty("client_id");
  });

  it.each([
    ["given", 200, () => ask(tenant.clientId, tenant.secret)],
    ["refused for its secret", 401, () => ask(tenant.clientId, newSecret())],
    ["refused for its grant type", 400, () => ask(tenant.clientId, tenant.secret, { grant_type: "password" })],
    ["refused for its audience", 400, () => ask(tenant.clientId, tenant.secret, { audience: "no url" })],
  ])("names the client of a token request that is %s", async (_outcome, status, request) => {
    expect((await request()).status).toBe(status);
    expect(await logged(tokens)).toMatchObject([{ status, client_id: tenant.clientId, account_id: aid }]);
  });

  it("shows no token and no secret, also where a caller puts a secret in the client's place", async () => {
    const mistaken = newSecret();
    const { body: answer } = await ask(tenant.clientId, tenant.secret);
    await ask(tenant.secret, tenant.clientId);
    await ask(mistaken, mistaken);
    await ask('x","client_id":"y', mistaken);
    await expect.poll(() => lines.filter((line) => line.includes(tokens)).length).toBe(4);
    const shown = lines.flatMap((line) => JSON.parse(line).client_id ?? []);
    expect(shown).toEqual([tenant.clientId, "***", "***", "***"]);
    for (const secret of [tenant.secret, mistaken, answer.access_token, answer.access_token.split(".")[2] as string])
      expect(lines.join("\n")).not.toContain(secret);
  });
});
