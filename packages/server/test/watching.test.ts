import { activeDevice, type ForDevices } from "@tillkeeper/stage/devices/device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { createTestDatabase, filesOf } from "@tillkeeper/stage/postgres/database";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { send, startTestServer } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { pino } from "pino";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openDb } from "../src/db/db.ts";
import { type RunningServer, startServer } from "../src/main.ts";
import { createLogger } from "../src/platform/log/log.ts";
import { createFigures } from "../src/watching/figures.ts";
import { scrape } from "./support/metrics.ts";

const base = "/v1/admin/terminals/operations";

describe("a server that is watched", async () => {
  const database = await createTestDatabase();
  // This server makes the account, and stops before the watched server starts: a server counts and logs what it ends itself.
  const maker = await startTestServer({ database });
  const tenant = await maker.account();
  await maker.stop();
  const opened = openDb({ connectionString: database.url }, createLogger("silent"));
  const port = await freePort();
  const lines: string[] = [];
  let server: RunningServer;
  beforeAll(async () => {
    const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    const config = {
      ...testConfig,
      audienceHosts: [...testConfig.audienceHosts],
      dataDir: folderOfTests("watched"),
      keyFile: inject("keyFile"),
      databaseUrl: database.url,
      files: filesOf(database.url),
      metrics: { host: "127.0.0.1", port: { number: port, configured: true } },
    };
    server = await startServer({ config, log });
  });
  afterAll(async () => {
    await server.stop();
    await opened.close();
    await database.drop();
  });

  const call = (method: string, path: string, body?: object) =>
    send<{ id: string; status: string }>(server.httpUrl, method, path, { token: tenant.token, ...(body && { body }) });
  const here = (): ForDevices => ({
    mqttUrl: server.mqttUrl,
    call: (method, path, options) => send<never>(server.httpUrl, method, path, options),
  });
  const metric = async (name: string) => (await scrape(port)).samples.get(`tillkeeper_${name}`);
  const statusOf = async (id: string) => (await call("GET", `${base}/${id}`)).body.status;
  const linesOf = (id: string) =>
    lines
      .map((line) => JSON.parse(line))
      .filter(({ operation_id, msg }) => operation_id === id && msg === "an operation ended");
  const endOf = async (id: string) => {
    await expect.poll(() => linesOf(id).length).toBeGreaterThan(0);
    return linesOf(id);
  };

  it("counts and logs the end of each operation: completed, timed out, cancelled", async () => {
    const device = await activeDevice(here(), tenant, "WATCHED-1");
    const { terminalId } = device;
    const ask = async (operation: string, more: object = {}) =>
      (await call("POST", base, { terminal_id: terminalId, operation, ...more })).body.id;
    const before = (await scrape(port)).samples;
    const more = async (name: string) => ((await metric(name)) ?? 0) - (before.get(`tillkeeper_${name}`) ?? 0);
    const about = { terminal_id: terminalId, account_id: tenant.aid, operation: "open_menu" };

    const done = await ask("open_menu");
    await device.next("command");
    await device.openedMenu(done);
    expect(await endOf(done)).toEqual([expect.objectContaining({ ...about, status: "COMPLETED" })]);
    expect(await more('operations_ended_total{operation="open_menu",status="COMPLETED",reason=""}')).toBe(1);

    const late = await ask("open_menu", { timeout: 5 });
    await expect.poll(() => statusOf(late)).toBe("TIMEOUT");
    const [timeout] = await endOf(late);
    expect(timeout).toMatchObject({ ...about, status: "TIMEOUT" });
    expect(timeout.late_ms).toBeGreaterThanOrEqual(0);
    const { reason } = timeout;
    expect(["not_delivered", "no_answer"]).toContain(reason);
    expect(await more(`operations_ended_total{operation="open_menu",status="TIMEOUT",reason="${reason}"}`)).toBe(1);
    expect(await metric("operation_timeout_lateness_seconds_count")).toBe(1);

    await device.leave();
    const other = await call("POST", `/v1/accounts/${tenant.aid}/terminals`, {
      device_serial_number: "WATCHED-2",
      store_id: "S312",
    });
    const cancelled = await call("POST", base, { terminal_id: terminalId, operation: "check_update" });
    expect(other.status).toBe(201);
    const answer = await call("POST", `${base}/${cancelled.body.id}/cancel`);
    expect(answer).toMatchObject({ status: 200, body: { status: "FAILED" } });
    const [ended] = await endOf(cancelled.body.id);
    expect(ended).toMatchObject({ status: "FAILED", reason: "cancelled", operation: "check_update" });
    expect(ended.request_id).toBe(answer.headers.get("request-id"));
    expect(await more('operations_ended_total{operation="check_update",status="FAILED",reason="cancelled"}')).toBe(1);
    expect(await more('operations_accepted_total{operation="open_menu"}')).toBe(2);
    expect(await more('operations_accepted_total{operation="check_update"}')).toBe(1);
  });

  it("counts answers by the path of their route, whatever a caller makes up", async () => {
    await call("GET", `${base}/made-up`);
    await call("GET", "/no/such/place");
    const { samples, text } = await scrape(port);
    const routes = [...samples.keys()].filter((name) => name.startsWith("tillkeeper_http_requests_total"));
    expect(routes).toContain(`tillkeeper_http_requests_total{method="GET",route="${base}/:operation_id",status="404"}`);
    expect(routes).toContain('tillkeeper_http_requests_total{method="GET",route="none",status="404"}');
    expect(text).not.toContain("made-up");
    expect(text).not.toContain(tenant.aid);
    expect(text).not.toContain("S312");
  });

  it("shows what it knows of itself and what the database says of all servers", async () => {
    const { samples, text } = await scrape(port);
    for (const [name, value] of Object.entries({
      database_up: 1,
      broker_up: 1,
      started: 1,
      operations_overdue: 0,
      outbox_messages: 0,
      'worker_up{worker="operations.expire"}': 1,
      'worker_restarts_total{worker="operations.expire"}': 0,
      'webhook_attempts_total{outcome="failed"}': 0,
      closings_missed_total: 0,
      reports_waiting: 0,
    }))
      expect(samples.get(`tillkeeper_${name}`), name).toBe(value);
    for (const name of ["events_waiting", "closings_due", "closings_running", "wall_clock_ahead_seconds"])
      expect(samples.has(`tillkeeper_${name}`), name).toBe(true);
    expect(text).toMatch(/tillkeeper_schema_info\{migration="\d{4}_\w+"\} 1/);
    expect(text).toMatch(/tillkeeper_build_info\{version="\d+\.\d+\.\d+",node="v\d+/);
    expect([...samples.keys()].filter((name) => !name.startsWith("tillkeeper_"))).toEqual([]);
  });

  it("asks the database by one statement, at most every 15 seconds and only when it is asked itself", async () => {
    let looks = 0;
    let elapsedMs = 0;
    const registry = new Registry();
    const db = {
      get sql() {
        looks += 1;
        return opened.sql;
      },
    };
    const refresh = createFigures({ db, clock: { now: () => new Date(), elapsedMs: () => elapsedMs }, registry });
    expect(looks).toBe(0);
    await Promise.all([refresh(), refresh()]);
    elapsedMs = 14_999;
    await refresh();
    expect(looks).toBe(1);
    expect(await registry.metrics()).toMatch(/^tillkeeper_terminals\{presence="never"\} [1-9]/m);
    elapsedMs = 15_000;
    await refresh();
    expect(looks).toBe(2);
  });

  it("answers nothing else there", async () => {
    const url = `http://127.0.0.1:${port}`;
    expect((await fetch(`${url}/health/ready`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);
  });

  it("shows no figure of a database that is away, and says that it is", async () => {
    const gone = openDb({ connectionString: "postgres://nobody@127.0.0.1:1/nothing" }, createLogger("silent"));
    const registry = new Registry();
    await createFigures({ db: gone, clock: { now: () => new Date(), elapsedMs: () => 0 }, registry })();
    const text = await registry.metrics();
    expect(text).toContain("tillkeeper_database_up 0");
    expect(text).not.toMatch(/^tillkeeper_outbox_messages /m);
    await gone.close();
  });
});
