// @module-tag nightly: links that die, waited for.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "@tillkeeper/agent/agent";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { presenceDelays } from "@tillkeeper/contract/presence";
import type { ForDevices } from "@tillkeeper/stage/devices/device";
import { RoughLink } from "@tillkeeper/stage/links/rough-link";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { Program } from "@tillkeeper/stage/processes/program";
import { ReplicaProcess } from "@tillkeeper/stage/servers/replica-process";
import { type Serving, serve } from "@tillkeeper/stage/servers/serving";
import { TestClock } from "@tillkeeper/stage/servers/test-clock";
import { makeTenant, send, startTestServer, type Tenant } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { type Db, openDb } from "../../src/db/db.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import { PresentDevice, type Registered, register, watcher } from "../support/presence.ts";

/** After this time with a server again, a terminal that did not come back is late, and not yet offline. */
const afterRestartMs = 40_000;

const agentProcess = fileURLToPath(new URL("../support/agent-process.ts", import.meta.url));

function startAgent(url: string, { address, password }: Registered): Agent {
  const agent = new Agent({
    agentName: "presence/1",
    credential: { url, address, password },
    handlers: {},
    journal: memoryJournal(undefined),
  });
  agent.start();
  return agent;
}

describe("links that break, with agents", async () => {
  const { server, tenant } = await world({ own: {} });
  let see: ReturnType<typeof watcher>;
  beforeAll(async () => {
    see = watcher(server, tenant);
  });

  it("are noticed also when they only fall silent", async () => {
    const registered = await register(server, tenant, "6300001");
    const link = await RoughLink.to(Number(new URL(server.mqttUrl).port));
    const device = await PresentDevice.connect(server, registered, {
      url: `mqtt://127.0.0.1:${link.port}`,
      keepalive: 4,
    });
    try {
      await device.greet();
      // It sends its heartbeats, and suddenly nothing passes in either direction.
      await device.beat();
      link.forget();
      await see.until(registered.terminalId, "late");
      expect(await see.changes(registered.terminalId)).toEqual(["online connected", "late link_lost"]);
    } finally {
      await device.leave();
      await link.stop();
    }
  });

  it("are noticed when the agent is killed", { tags: "replicas" }, async () => {
    const registered = await register(server, tenant, "6300002");
    const { terminalId: id, address, password } = registered;
    const agent = new Program([process.execPath, agentProcess, server.mqttUrl, address, password], {
      stdio: "inherit",
    });
    await see.until(id, "online");
    await agent.end();
    await see.until(id, "late");
    expect(await see.changes(id)).toEqual(["online connected", "late link_lost"]);
  });

  it("are not taken for a shutdown, which the agent tells by itself", { tags: "replicas" }, async () => {
    const registered = await register(server, tenant, "6300003");
    const agent = startAgent(server.mqttUrl, registered);
    await see.until(registered.terminalId, "online");
    expect((await see.probe(registered.terminalId)).reachable).toBe(true);
    await agent.stop();
    await see.until(registered.terminalId, "shut_down");
    expect(await see.changes(registered.terminalId)).toEqual(["online connected", "shut_down goodbye"]);
  });

  it("do no harm where another server takes over, and both write each change once", async () => {
    const other = await startTestServer({ database: server.database });
    try {
      const registered = await register(server, tenant, "6300004");
      const id = registered.terminalId;
      const first = await PresentDevice.connect(server, registered);
      await first.greet();
      const second = await PresentDevice.connect(other, registered);
      await second.greet();
      first.cut();
      await second.beat({ round_trip_ms: 5 });
      await vi.waitUntil(async () => (await see.presence(id)).round_trip_ms === 5);
      expect((await see.presence(id)).status).toBe("online");
      second.cut();
      await see.until(id, "late");
      for (const { clock } of [server, other]) clock.advance(presenceDelays.lostOfflineAfterMs);
      await see.until(id, "offline");
      const expected = ["online connected", "late link_lost", "offline link_lost"];
      await vi.waitFor(async () => expect(await see.changes(id)).toEqual(expected));
    } finally {
      await other.stop();
    }
  });
});

describe("a server that restarts", () => {
  const count = 50;
  let serving: Serving;
  let db: Db;
  let tenant: Tenant;
  let see: ReturnType<typeof watcher>;
  let agents: Agent[] = [];
  let ids: string[] = [];
  let end = async () => {};
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "tillkeeper-presence-"));
    const database = await createTestDatabase();
    serving = await serve({ folder, env: { DATABASE_URL: database.url, TILLKEEPER_LOG_LEVEL: "silent" } });
    const { url, mqttUrl } = serving;
    db = openDb({ connectionString: database.url }, createLogger("silent"));
    const server: ForDevices = { mqttUrl, call: (method, path, call) => send<never>(url, method, path, call) };
    tenant = await makeTenant({ db, url: serving.url }, "T63000002");
    see = watcher(server, tenant);
    end = async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      await serving.stop();
      await db.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    };
    const registered = [];
    for (let number = 0; number < count; number += 1) {
      registered.push(await register(server, tenant, `6301${String(number).padStart(3, "0")}`));
    }
    agents = registered.map((one) => startAgent(mqttUrl, one));
    ids = registered.map(({ terminalId }) => terminalId);
    await allOnline();
  });
  afterAll(() => end());

  async function allOnline(): Promise<void> {
    const counts = async () => (await see.get(`/v1/accounts/${tenant.aid}/presence`)).stores[0].counts;
    await vi.waitFor(async () => expect(await counts()).toMatchObject({ online: count }), {
      timeout: 40_000,
      interval: 100,
    });
  }

  /** The last connect of each terminal. */
  async function arrivals(): Promise<Date[]> {
    const histories = await Promise.all(ids.map((id) => see.changes(id)));
    // No terminal was ever late, let alone offline.
    expect(histories).toEqual(ids.map(() => ["online connected"]));
    const rows = await db.sql.selectFrom("terminal_presence").select("connected_at").orderBy("terminal_id").execute();
    return rows.map(({ connected_at: at }) => at);
  }

  it.each([
    ["in good order", () => serving.stop()],
    ["after a kill -9", () => serving.kill()],
  ])("%s, raises no false alarm among 50 terminals", async (_, stop) => {
    const before = await arrivals();
    await stop();
    await serving.start();
    await vi.waitFor(
      async () => expect((await arrivals()).every((at, index) => at > (before[index] as Date))).toBe(true),
      { timeout: 40_000, interval: 200 },
    );
    await allOnline();
  });
});

describe("a server that dies together with a terminal", () => {
  it("is followed by one that misses the terminal", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tillkeeper-presence-"));
    const database = await createTestDatabase();
    const [http, mqtt] = [await freePort(), await freePort()];
    const at = (number: number) => ({ host: "127.0.0.1", port: { number, configured: true } });
    const config = {
      ...testConfig,
      audienceHosts: [...testConfig.audienceHosts],
      dataDir: folder,
      keyFile: inject("keyFile"),
      databaseUrl: database.url,
      http: at(http),
      mqtt: { ...testConfig.mqtt, ...at(mqtt) },
    };
    const clock = new TestClock();
    const start = () => ReplicaProcess.start({ config, clock, host: undefined });
    let running = await start();
    const url = `http://127.0.0.1:${http}`;
    const call: ForDevices["call"] = (method, path, more) => send<never>(url, method, path, more);
    const server = { call, mqttUrl: `mqtt://127.0.0.1:${mqtt}` };
    const db = openDb({ connectionString: database.url }, createLogger("silent"));
    try {
      const tenant = await makeTenant({ db, url, clock }, "T63000003");
      const see = watcher(server, tenant);
      const registered = await register(server, tenant, "6302001");
      const device = await PresentDevice.connect(server, registered);
      await device.hello();
      await see.until(registered.terminalId, "online");
      await running.kill();
      await device.leave();
      running = await start();
      clock.advance(afterRestartMs);
      await running.moveClock(clock);
      await see.until(registered.terminalId, "late");
      const expected = ["online connected", "late silent"];
      const written = async () => expect(await see.changes(registered.terminalId)).toEqual(expected);
      await vi.waitFor(written, { interval: 50 });
    } finally {
      await running.stop();
      await db.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
