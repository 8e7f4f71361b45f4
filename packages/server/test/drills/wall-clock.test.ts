import { basic } from "@tillkeeper/stage/accounts/tokens";
import { type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { ReplicaProcess } from "@tillkeeper/stage/servers/replica-process";
import { TestClock } from "@tillkeeper/stage/servers/test-clock";
import { send, startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";

const base = "/v1/admin/terminals/operations";
const [minute, hour] = [60_000, 3_600_000];

describe.each([3, -3])("a server on a machine whose wall clock is off by %d hours", (hours) => {
  const aid = `T6810000${hours + 4}`;
  const folder = folderOfTests("test-data");
  /** Clock of the server whose machine clock is wrong; it runs in a process of its own. */
  const clock = new TestClock();
  let right: TestServer;
  let off: Pick<TestServer, "url" | "mqttUrl" | "call">;
  let replica: ReplicaProcess;
  let tenant: Tenant;
  beforeAll(async () => {
    right = await startTestServer();
    tenant = await right.account(aid);
    const [http, mqtt] = [await freePort(), await freePort()];
    const at = (number: number) => ({ host: "127.0.0.1", port: { number, configured: true } });
    const config = {
      ...testConfig,
      audienceHosts: [...testConfig.audienceHosts],
      dataDir: folder,
      keyFile: inject("keyFile"),
      databaseUrl: right.database.url,
      files: filesOf(right.database.url),
      http: at(http),
      mqtt: { ...testConfig.mqtt, ...at(mqtt) },
    };
    replica = await ReplicaProcess.start({ config, clock, host: undefined, wallAheadMs: hours * hour });
    const url = `http://127.0.0.1:${http}`;
    off = { url, mqttUrl: `mqtt://127.0.0.1:${mqtt}`, call: (method, path, call) => send(url, method, path, call) };
  });
  afterAll(async () => {
    await replica.stop();
    await right.stop();
  });

  const update = ({ terminalId }: Device, timeout: number) => ({
    token: tenant.token,
    body: { terminal_id: terminalId, operation: "check_update", timeout },
  });
  /** Checks that a time lies within the work's duration, by the database's clock, give or take a minute. */
  const timed = async <T>(work: () => Promise<T>) => {
    const now = async () => {
      const { rows } = await right.db.pool.query("select clock_timestamp() as now");
      return (rows[0].now as Date).getTime();
    };
    const from = (await now()) - minute;
    const done = await work();
    const to = (await now()) + minute;
    const within = (at: unknown, more = 0) => {
      expect(Date.parse(String(at)) - more).toBeGreaterThan(from);
      expect(Date.parse(String(at)) - more).toBeLessThan(to);
    };
    return { done, within };
  };

  it("knows by how much, and tells nobody else a wrong time", async () => {
    const ready = await off.call("GET", "/health/ready");
    expect(ready).toMatchObject({ status: 503, body: { status: "not_ready", database: "up", clock: "wrong" } });
    expect((await right.call("GET", "/health/ready")).body).toMatchObject({ status: "ready", clock: "right" });
    expect(Math.abs(ready.body.wall_clock_ahead_ms - hours * hour)).toBeLessThan(minute);
    expect(Math.abs((await right.call("GET", "/health/ready")).body.wall_clock_ahead_ms)).toBeLessThan(minute);
    const nonce = await timed(() => off.call("POST", "/v1/device/nonce"));
    nonce.within(nonce.done.body.server_time);
    nonce.within(nonce.done.body.expires_at, 120_000);
  });

  it("accepts and ends operations at the same times as any other", async () => {
    const [first, second] = [
      await registerDevice(off, tenant, `W1${hours}`),
      await registerDevice(off, tenant, `W2${hours}`),
    ];
    await second.hello();
    await second.next("welcome");
    const { done: welcome, within: atWelcome } = await timed(async () => {
      await first.hello();
      return first.next("welcome");
    });
    atWelcome(welcome["server_time"]);
    const long = await timed(() => off.call("POST", base, update(first, 600)));
    expect(long.done.status).toBe(201);
    const command = await first.next("command");
    long.within(command["created_at"]);
    long.within(command["sent_at"]);
    long.within(command["expires_at"], 600_000);
    const ofOther = await timed(() => right.call("POST", base, update(second, 300)));
    expect(ofOther.done.status).toBe(201);
    const seenBy = async (at: Pick<TestServer, "call">) =>
      (await at.call("GET", `${base}/${long.done.body.id}`, tenant)).body;
    // That it was sent is written down a moment later, perhaps between the two looks.
    await vi.waitFor(async () => expect(await seenBy(off)).toEqual(await seenBy(right)));

    // Five minutes pass for that server alone, so only it ends expired operations.
    clock.advance(301_000);
    await replica.moveClock(clock);
    const shown = async ({ body }: { body: { id: string } }) =>
      (await right.call("GET", `${base}/${body.id}`, tenant)).body;
    await vi.waitUntil(async () => (await shown(ofOther.done)).status === "TIMEOUT");
    const ended = await shown(ofOther.done);
    ofOther.within(ended.updated_at, 301_000);
    expect((await shown(long.done)).status).toBe("PENDING");
    await Promise.all([first.leave(), second.leave()]);
  });

  it("gives tokens that hold elsewhere, and takes those of others", async () => {
    const { done, within } = await timed(() =>
      off.call("POST", `/v1/accounts/${aid}/auth/token`, {
        headers: { authorization: basic(tenant.clientId, tenant.secret) },
        body: { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${aid}` },
      }),
    );
    const token = done.body.access_token;
    const { iat = 0, exp = 0 } = decodeJwt(token);
    within(new Date(iat * 1_000 - clock.aheadMs).toISOString());
    expect(exp - iat).toBe(testConfig.tokenLifetimeSeconds);
    for (const server of [off, right]) {
      for (const shown of [token, tenant.token]) {
        expect((await server.call("GET", `/v1/accounts/${aid}/stores`, { token: shown })).status).toBe(200);
      }
    }
  });
});
