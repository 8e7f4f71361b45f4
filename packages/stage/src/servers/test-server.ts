import { tmpdir } from "node:os";
import type { Scope } from "@tillkeeper/contract/scopes";
import type { Config } from "@tillkeeper/server/config/config";
import { type Db, openDb } from "@tillkeeper/server/db/db";
import type { Clock } from "@tillkeeper/server/platform/clock";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import type { VirtualTerminalHost } from "@tillkeeper/server/virtual-terminals/virtual-terminals";
import { seedAccount } from "../accounts/accounts.ts";
import { fetchToken } from "../accounts/tokens.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/database.ts";
import { AnswerCheck } from "./answer-check.ts";
import { startOneProcess } from "./one-process.ts";
import { startReplicas } from "./replicas.ts";
import type { TestClock } from "./test-clock.ts";

export interface TestServerOptions {
  virtualTerminalHost?: VirtualTerminalHost;
  config?: Partial<Config>;
  /** The database of another server, which this server is to share. */
  database?: TestDatabase;
  /** The parent of the data folder; by default, the system's folder for temporary files. */
  folder?: string;
}

interface Reply<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Call {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A server as every test file may use it, also when other files use it as well. */
export interface SharedServer {
  url: string;
  mqttUrl: string;
  /** The URL of each server, without the balancer. */
  urls: readonly string[];
  /** There are several servers, with a broker outside: a command is sent, whether or not its device is connected. */
  spreads: boolean;
  /** Returns the number of connections that the balancer has given to each server. */
  carried(): number[];
  db: Db;
  /**
   * Creates an account with one client, and fetches a token for it. Without an id, takes the next free sandbox id.
   */
  account(aid?: string, options?: { clientId?: string; scopes?: readonly Scope[] }): Promise<Tenant>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  call<T = any>(method: string, path: string, call?: Call): Promise<Reply<T>>;
}

/** A server that only one test file uses. */
export interface TestServer extends SharedServer {
  clock: TestClock;
  database: TestDatabase;
  /**
   * Stops this server and starts another on the same database and data folder. `meanwhile` runs between stop and
   * start.
   */
  restart(meanwhile?: () => void): Promise<void>;
  stop(): Promise<void>;
}

export interface Tenant {
  aid: string;
  clientId: string;
  secret: string;
  token: string;
}

/** All servers of a version have one document; making and compiling it took a fifth of a server's start. */
let answersOfThisVersion: AnswerCheck | undefined;

/**
 * Starts servers on free ports, with a database of their own. It is one server in this process, or three behind a
 * balancer for `npm run test:replicas`.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = options.database ?? (await createTestDatabase());
  const start = process.env["TEST_TOPOLOGY"] === "replicas" ? startReplicas : startOneProcess;
  const topology = await start({
    config: options.config ?? {},
    databaseUrl: database.url,
    virtualTerminalHost: options.virtualTerminalHost,
    further: options.database !== undefined,
    folder: options.folder ?? tmpdir(),
  });
  const request = <T>(method: string, path: string, call?: Call) =>
    send<T>(topology.httpUrl, method, path, topology.spreads ? withOwnConnection(call) : call);
  const answers = (answersOfThisVersion ??= new AnswerCheck((await request<never>("GET", "/openapi.json")).body));
  const db = openDb({ connectionString: database.url }, createLogger("silent"));

  const server: TestServer = {
    get url() {
      return topology.httpUrl;
    },
    get mqttUrl() {
      return topology.mqttUrl;
    },
    get urls() {
      return topology.urls;
    },
    carried: () => topology.carried(),
    spreads: topology.spreads,
    clock: topology.clock,
    db,
    database,
    async account(aid = nextAccountId(), client) {
      await topology.settled();
      return makeTenant(server, aid, client);
    },
    async call(method, path, call) {
      await topology.settled();
      const reply = await request<never>(method, path, call);
      if (path !== "/openapi.json")
        answers.check(method, path, {
          ...reply,
          retryAfter: reply.headers.get("retry-after"),
          type: reply.headers.get("content-type"),
        });
      return reply;
    },
    restart: (meanwhile) => topology.restart(meanwhile),
    async stop() {
      await topology.stop();
      await db.close();
      if (!options.database) await database.drop();
    },
  };
  return server;
}

/**
 * The server refuses longer bodies before it has read them. It may then close the connection before the client has
 * read the answer.
 */
const shortBody = 65_536;

/** Sends the request over a connection of its own. */
function withOwnConnection(call: Call = {}): Call {
  const long = typeof call.body === "string" && call.body.length > shortBody;
  return long ? call : { ...call, headers: { connection: "close", ...call.headers } };
}

/** Sends a request, and resolves with its answer: JSON is parsed, other types are a `Buffer`. */
export async function send<T>(url: string, method: string, path: string, call: Call = {}): Promise<Reply<T>> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(call.token && { authorization: `Bearer ${call.token}` }),
      ...(call.body !== undefined && { "content-type": "application/json" }),
      ...call.headers,
    },
    ...(call.body !== undefined && { body: asBody(call.body) }),
  });
  const { status, headers } = response;
  const type = headers.get("content-type");
  if (type && !type.startsWith("application/json")) {
    return { status, headers, body: Buffer.from(await response.arrayBuffer()) as T };
  }
  const text = await response.text();
  return { status, headers, body: (text === "" ? undefined : JSON.parse(text)) as T };
}

/** Sends text and bytes unchanged, and every other value as JSON. */
function asBody(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

let accounts = 46_000_000;

/** Returns an id of a sandbox or a live account that no earlier call has returned. */
export function nextAccountId({ live = false } = {}): string {
  accounts += 1;
  return `${live ? "P" : "T"}${accounts}`;
}

/** Creates an account with one client, and fetches a token for it. */
export async function makeTenant(
  { url, db, clock }: Pick<TestServer, "url" | "db"> & { clock?: Clock },
  aid: string,
  {
    clientId = `client-of-${aid}`,
    scopes = ["admin:accounts", "admin:checkout", "admin:hooks"] as readonly Scope[],
  } = {},
): Promise<Tenant> {
  const client = await seedAccount(db, { accountId: aid, clientId, scopes, ...(clock && { clock }) });
  return { aid, clientId, secret: client.secret, token: await fetchToken(url, client) };
}
