import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scope } from "@tillkeeper/contract/scopes";
import { createClient } from "../../src/auth/clients.ts";
import type { Config } from "../../src/config.ts";
import { type Db, openDb } from "../../src/db/db.ts";
import type { VirtualTerminalHost } from "../../src/gateway/virtual-terminals.ts";
import { type RunningServer, startServer } from "../../src/main.ts";
import { createLogger } from "../../src/platform/log.ts";
import { AnswerCheck } from "./answer-check.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { TestClock } from "./test-clock.ts";

interface TestServerOptions {
  virtualTerminalHost?: VirtualTerminalHost;
  config?: Partial<Config>;
  /** A further server on the database of another. */
  database?: TestDatabase;
}

interface Reply<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
}

interface Call {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface TestServer {
  url: string;
  mqttUrl: string;
  clock: TestClock;
  db: Db;
  database: TestDatabase;
  /** Makes an account with one client and answers a token for it. */
  account(aid: string, options?: { clientId?: string; scopes?: readonly Scope[] }): Promise<Tenant>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  call<T = any>(method: string, path: string, call?: Call): Promise<Reply<T>>;
  /** Ends this server and starts another on the same database and data folder; `meanwhile` runs in between. */
  restart(meanwhile?: () => void): Promise<void>;
  stop(): Promise<void>;
}

export interface Tenant {
  aid: string;
  clientId: string;
  secret: string;
  token: string;
}

const secret = "a-secret-of-the-tests-000";

/** A whole server in this process, on free ports, with a database and a data folder of its own. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = new TestClock();
  const database = options.database ?? (await createTestDatabase());
  const dataDir = mkdtempSync(join(tmpdir(), "tillkeeper-test-data-"));
  const log = createLogger(process.env["TEST_LOG"] === "1" ? "info" : "silent");
  const config: Config = {
    http: { host: "127.0.0.1", port: { number: 0, configured: true } },
    mqtt: { port: { number: 0, configured: true }, outsideUrl: undefined },
    dataDir,
    databaseUrl: database.url,
    publicUrl: undefined,
    audienceHosts: ["api.dintero.com", "checkout.dintero.com"],
    tokenLifetimeSeconds: 14_400,
    sandboxClient: undefined,
    logLevel: "silent",
    ...options.config,
  };
  const { virtualTerminalHost } = options;
  const start = () => startServer({ config, log, clock, ...(virtualTerminalHost && { virtualTerminalHost }) });
  let running: RunningServer = await start();
  const answers = new AnswerCheck((await send<never>(running.httpUrl, "GET", "/openapi.json")).body);
  const db = openDb({ connectionString: database.url }, log);

  const server: TestServer = {
    get url() {
      return running.httpUrl;
    },
    get mqttUrl() {
      return running.mqttUrl;
    },
    clock,
    db,
    database,
    account: (aid, client) => makeTenant(server, aid, client),
    async call(method, path, call) {
      const reply = await send<never>(running.httpUrl, method, path, call);
      if (path !== "/openapi.json") answers.check(method, path, reply);
      return reply;
    },
    async restart(meanwhile) {
      await running.stop();
      meanwhile?.();
      running = await start();
    },
    async stop() {
      await running.stop();
      await db.close();
      if (!options.database) await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return server;
}

async function send<T>(url: string, method: string, path: string, call: Call = {}): Promise<Reply<T>> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(call.token && { authorization: `Bearer ${call.token}` }),
      ...(call.body !== undefined && { "content-type": "application/json" }),
      ...call.headers,
    },
    ...(call.body !== undefined && { body: typeof call.body === "string" ? call.body : JSON.stringify(call.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === "" ? undefined : JSON.parse(text)) as T,
  };
}

async function makeTenant(
  server: TestServer,
  aid: string,
  { clientId = `client-of-${aid}`, scopes = ["admin:accounts", "admin:checkout"] as readonly Scope[] } = {},
): Promise<Tenant> {
  await server.db.sql
    .insertInto("accounts")
    .values({ account_id: aid, name: aid, operator_account_id: null, created_at: server.clock.now() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await server.db.sql
    .transaction()
    .execute((tx) => createClient(tx, server.clock, { accountId: aid, clientId, name: clientId, secret, scopes }));
  return { aid, clientId, secret, token: await getToken(server, aid, clientId) };
}

/** In the documented form: Basic and JSON. */
async function getToken(server: TestServer, aid: string, clientId: string): Promise<string> {
  const { status, body } = await server.call<{ access_token: string }>("POST", `/v1/accounts/${aid}/auth/token`, {
    headers: { authorization: basic(clientId, secret) },
    body: { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${aid}` },
  });
  if (status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`);
  return body.access_token;
}

export function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}
