import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestBroker } from "@tillkeeper/stage/brokers/broker";
import { type OwnPostgres, startOwnPostgres } from "@tillkeeper/stage/postgres/own-postgres";
import { type Serving, serve } from "@tillkeeper/stage/servers/serving";
import { makeTenant, send, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { inject, vi } from "vitest";
import { openDb } from "../../../src/db/db.ts";
import { createLogger } from "../../../src/platform/log/log.ts";
import { Desk, operations } from "../device-suite/desk.ts";
import { type Keeping, KeptDatabase, runTillkeeper } from "./keeping.ts";

const aid = "T29100001";

interface Parts {
  server: Pick<TestServer, "call" | "url">;
  tenant: Tenant;
  serving: Serving;
  postgres: OwnPostgres;
  database: KeptDatabase;
  broker: TestBroker | undefined;
  keeping: Keeping;
  env: Record<string, string>;
  folder: string;
}

/** `tillkeeper serve` on Debian's PostgreSQL, whose database is put back to an earlier moment. */
export class Drill extends Desk<Parts["server"]> {
  readonly transport = "auto";
  readonly #parts: Parts;
  #registered: Promise<unknown> = Promise.resolve();
  readonly #meanwhile: (() => Promise<void>)[] = [];

  private constructor(parts: Parts) {
    super(parts.server, parts.tenant, "drill");
    this.#parts = parts;
  }

  static async open(
    openBroker: () => Promise<TestBroker | undefined>,
    keepingOf: (env: () => Record<string, string>) => Keeping,
  ) {
    const folder = mkdtempSync(join(tmpdir(), "tillkeeper-drill-"));
    const keeping = keepingOf(() => env);
    const postgres = await startOwnPostgres({ settings: { fsync: "off", ...keeping.settings } });
    await keeping.begin?.(postgres);
    const database = await KeptDatabase.make(postgres);
    const broker = await openBroker();
    await broker?.start("");
    const env = {
      DATABASE_URL: database.url,
      TILLKEEPER_KEY_FILE: join(folder, "key"),
      TILLKEEPER_HEARTBEAT_SECONDS: "5",
      TILLKEEPER_LOG_LEVEL: process.env["TEST_LOG"] === "1" ? "info" : "silent",
      NODE_COMPILE_CACHE: inject("compiled"),
      ...(broker?.mqtt.outsideUrl !== undefined && { MQTT_URL: broker.mqtt.outsideUrl }),
      ...(broker?.mqtt.access !== undefined && { TILLKEEPER_BROKER_ACCESS: broker.mqtt.access }),
      ...(broker?.mqtt.brokerSecret !== undefined && { TILLKEEPER_BROKER_SECRET: broker.mqtt.brokerSecret }),
    };
    const serving = await serve({ folder, env });
    // A kept-alive connection would lead to a server that has ended.
    const call: TestServer["call"] = (method, path, { headers, ...request } = {}) =>
      send<never>(serving.url, method, path, { ...request, headers: { connection: "close", ...headers } });
    const db = openDb({ connectionString: database.url }, createLogger("silent"));
    const tenant = await makeTenant({ db, url: serving.url }, aid);
    await db.close();
    await call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const server = { url: serving.url, call };
    return new Drill({ server, tenant, serving, postgres, database, broker, keeping, env, folder });
  }

  async stop(): Promise<void> {
    const { serving, broker, postgres, keeping, folder } = this.#parts;
    await serving.kill();
    await broker?.stop();
    await postgres.remove();
    keeping.end?.();
    this.tidy();
    rmSync(folder, { recursive: true, force: true });
  }

  /**
   * Registers one terminal after the other. An account assigns its numbers one by one, and a request that waits too
   * long for its number is refused.
   */
  override register(): ReturnType<Desk["register"]> {
    const registered = this.#registered.then(() => super.register());
    this.#registered = registered.catch(() => undefined);
    return registered;
  }

  get #file(): string {
    return join(this.#parts.folder, "backup");
  }

  backUp(): Promise<void> {
    return this.#parts.keeping.backup(this.#parts.database.url, this.#file);
  }

  /** Replaces the database by the state of the backup. Running servers get no notice. */
  async goBack(): Promise<void> {
    await this.#parts.keeping.goBack(this.#parts.database, this.#file);
  }

  /** Suspends the server for good. */
  hang(): void {
    this.#parts.serving.hang();
  }

  /**
   * Recovers as an operator does after a loss: restore, `tillkeeper restored`, start. Returns the output of
   * `restored`.
   */
  async loseAndRestore(): Promise<string> {
    const { serving, env } = this.#parts;
    await serving.kill();
    await this.goBack();
    for (const happen of this.#meanwhile) await happen();
    const printed = await runTillkeeper(env, ["restored"]);
    await serving.start();
    return printed;
  }

  /** Lets the deadline of an operation pass while no server runs. */
  expireMeanwhile(id: string): void {
    const over = "deadline = now() - interval '1 minute'";
    this.#meanwhile.push(async () => {
      await this.#parts.database.query(`update operations set ${over} where id = '${id}'`);
      await this.#parts.database.query(`update operation_claims set ${over} where operation_id = '${id}'`);
    });
  }

  /** Returns how the server learned of each restore, in order of time. */
  async restores(): Promise<string[]> {
    const rows = await this.#parts.database.query<{ how: string }>("select how from database_restores order by at");
    return rows.map(({ how }) => how);
  }

  /** Requests an end_of_day with an idempotency key. */
  close(terminalId: string, key: string, more: object = {}) {
    return this.server.call("POST", operations, {
      ...this.tenant,
      headers: { "idempotency-key": key },
      body: { terminal_id: terminalId, operation: "end_of_day", timeout: 120, ...more },
    });
  }

  /** Waits until the server knows the operation and it has ended. */
  async known(id: string) {
    await vi.waitUntil(async () => (await this.operation(id)).status !== undefined, { interval: 50 });
    return this.ended(id);
  }

  /** Returns all end_of_day operations in the terminal's list, newest first. */
  async closesOf(terminalId: string) {
    return (await this.call("GET", `${operations}?terminal_id=${terminalId}&operation=end_of_day`)).body;
  }
}
