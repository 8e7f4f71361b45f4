import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { migrationFiles, ownFolder } from "@tillkeeper/server/db/migrating/files";
import { type Right, rights, tenantRights } from "@tillkeeper/server/db/tenants/rights";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { checkOutLastVersion } from "@tillkeeper/stage/processes/last-version";
import { Program } from "@tillkeeper/stage/processes/program";
import { type Serving, serve } from "@tillkeeper/stage/servers/serving";
import { until } from "@tillkeeper/stage/until";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, it } from "vitest";

const accountId = "T77000001";
/** What a caller of one version may have to wait while the other starts. */
const longestWaitMs = 2_000;

let folder: string;
let program: readonly string[];
let database: TestDatabase;
const servers: Serving[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "last-version-"));
  program = checkOutLastVersion(folder);
  database = await createTestDatabase({ empty: true });
});
afterAll(async () => {
  for (const server of servers) await server.kill();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

function env(): Record<string, string> {
  return {
    DATABASE_URL: database.url,
    TILLKEEPER_KEY_FILE: inject("keyFile"),
    TILLKEEPER_FILES: join(folder, "files"),
    TILLKEEPER_AUDIENCE_HOSTS: "127.0.0.1",
    TILLKEEPER_LOG_LEVEL: "silent",
    NODE_COMPILE_CACHE: inject("compiled"),
  };
}

/** A transaction that has read every table, as a dump does. */
async function holdDump(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("begin");
  await client.query(
    `do $$ declare name text; begin
       for name in select format('%I', relname) from pg_class
         where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') loop
         execute 'lock table ' || name || ' in access share mode';
       end loop; end $$`,
  );
  return () => client.end();
}

/** Requests to a server, on stores and virtual terminals with numbers from `first` on, one after the other, until they are to end; and what was wrong with them. */
class Caller {
  readonly wrong: string[] = [];
  longestMs = 0;
  requests = 0;
  readonly #url: string;
  readonly #token: string;
  readonly #done: Promise<void>;
  #ended = false;

  constructor(url: string, token: string, first: number) {
    this.#url = url;
    this.#token = token;
    this.#done = this.#run(first);
  }

  /** Ends the requests. Resolves with what was wrong: answers, and waits that were too long. */
  async end(): Promise<string[]> {
    this.#ended = true;
    await this.#done;
    const late = this.longestMs < longestWaitMs ? [] : [`a request took ${Math.round(this.longestMs)} ms`];
    return [...this.wrong, ...late];
  }

  async #run(first: number): Promise<void> {
    const base = `/v1/accounts/${accountId}`;
    for (let number = first; !this.#ended; number += 1) {
      const storeId = `S${number}`;
      await this.#send(201, "POST", `${base}/stores`, { store_id: storeId });
      await this.#send(200, "GET", `${base}/stores/${storeId}`);
      await this.#send(200, "PATCH", `${base}/stores/${storeId}/configuration`, { time_zone: "Europe/Oslo" });
      const terminal = await this.#send(201, "POST", `${base}/terminals`, {
        store_id: storeId,
        device_serial_number: `SIMULATED-${accountId}-${number}`,
      });
      await this.#send(201, "POST", `${base}/payments/admin/terminals/operations`, {
        terminal_id: terminal["terminal_id"],
        operation: "open_menu",
      });
      await this.#send(201, "POST", `${base}/stores/${storeId}/closings`, {});
      await this.#send(200, "GET", `${base}/terminals?limit=5`);
      await this.#send(200, "GET", `${base}/closings`);
      await this.#send(200, "GET", `${base}/events?limit=5`);
    }
  }

  async #send(status: number, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const began = performance.now();
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        "content-type": "application/json",
        accept: "application/json",
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    this.longestMs = Math.max(this.longestMs, performance.now() - began);
    this.requests += 1;
    if (answer.status !== status) this.wrong.push(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as Record<string, unknown>;
  }
}

async function startServing(command?: readonly string[]): Promise<Serving> {
  const server = await serve({ folder, env: env(), ...(command && { program: command }) });
  servers.push(server);
  return server;
}

it("takes no right from the last version, and runs its program on this schema", async () => {
  const own = await migrationFiles(ownFolder);
  const before = await migrationFiles(pathToFileURL(join(folder, "packages/server/src/db/migrations/")));
  const known = before.map(({ name }) => name);
  expect(own.slice(0, known.length)).toEqual(before);
  expect(own.filter(({ needs }) => needs !== undefined && !known.includes(needs))).toEqual([]);
  type Rights = Record<string, Partial<Record<Right, true | readonly string[]>>>;
  const file = pathToFileURL(join(folder, "packages/server/src/db/tenants/rights.ts")).href;
  const { tenantRights: ofBefore } = (await import(file)) as { tenantRights: Rights };
  const taken = Object.entries(ofBefore).flatMap(([table, of]) =>
    rights.filter((right) => {
      const [then, now] = [of[right], (tenantRights as Rights)[table]?.[right]];
      if (then === undefined || now === true) return false;
      return then === true || now === undefined || then.some((column) => !now.includes(column));
    }),
  );
  expect(taken).toEqual([]);
});

it("starts beside the last version during a dump, which then starts beside it: no caller waits long, and no answer is wrong", async () => {
  const last = await startServing(program);
  const created = new Program([...program, "account", "create", "--id", accountId, "--name", "Shop"], {
    env: { ...env(), TILLKEEPER_DATA_DIR: join(folder, "cli") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = await created.ended;
  const [, clientId = ""] = /^Client id +(\S+)$/m.exec(stdout) ?? [];
  const [, secret = ""] = /^Client secret +(\S+)$/m.exec(stdout) ?? [];
  expect({ stderr, found: clientId !== "" && secret !== "" }).toEqual({ stderr: "", found: true });
  const token = await fetchToken(last.url, { accountId, clientId, secret });

  const ofLast = new Caller(last.url, token, 100);
  const endFirstDump = await holdDump();
  const starting = startServing();
  // Several tries of its migrations, if it has any.
  const before = ofLast.requests;
  await until(() => ofLast.requests > before + 60, "requests beside a version that waits");
  await endFirstDump();
  const present = await starting;
  const ofPresent = new Caller(present.url, token, 400);
  await until(() => ofPresent.requests > 30, "requests to both");
  expect(await ofLast.end()).toEqual([]);

  const endSecondDump = await holdDump();
  expect(await last.stop()).toBe(0);
  await last.start();
  const afterwards = new Caller(last.url, token, 700);
  await until(() => afterwards.requests > 30, "requests to the last version on this schema");
  await endSecondDump();
  expect(await afterwards.end()).toEqual([]);
  expect(await ofPresent.end()).toEqual([]);
  for (const server of [last, present]) expect(await server.stop()).toBe(0);
});
