import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { until } from "@tillkeeper/stage/until";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBack } from "../../src/db/backup/read-back.ts";
import { backupLock } from "../../src/db/locks.ts";

const hourMs = 3_600_000;

describe("backups that the server makes by itself", () => {
  const folder = join(folderOfTests("backups"), "kept");
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { backups: { folder, everyHours: 24, keep: 2 } } });
    await server.account();
  });
  afterAll(() => server.stop());

  const backups = () => readdirSync(folder).filter((name) => name.endsWith(".backup"));
  const readiness = async () => (await server.call("GET", "/health/ready", {})).body as { degraded?: string[] };
  const nextAfter = async (before: string[]) => {
    const isThere = () => backups().some((name) => !before.includes(name));
    await until(isThere, "a backup");
    return backups().filter((name) => !before.includes(name));
  };

  it("begin with the first start, are whole, and for nobody else to read", async () => {
    const [name = ""] = await nextAfter([]);
    expect(name).toMatch(/^tillkeeper-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.backup$/);
    expect(Object.keys(await readBack(join(folder, name))).length).toBeGreaterThan(30);
    expect(await readiness()).not.toHaveProperty("degraded");
  });

  it("are made in time, and the oldest go; what has another name stays", async () => {
    writeFileSync(join(folder, "tillkeeper-before-the-upgrade.backup"), "by hand");
    writeFileSync(join(folder, "tillkeeper-2020-01-01T00-00-00Z.backup.partial"), "of a server that was killed");
    const first = backups();
    for (let day = 0; day < 3; day += 1) {
      const before = backups();
      server.clock.advance(24 * hourMs);
      await nextAfter(before);
    }
    await until(() => backups().length === 3, "the oldest to go");
    expect(backups()).toContain("tillkeeper-before-the-upgrade.backup");
    expect(backups().filter((name) => first.includes(name))).toEqual(["tillkeeper-before-the-upgrade.backup"]);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it("are made up for by the next start when no server ran at their time", async () => {
    // The one that was made last is older than it should get.
    const newest = backups().toSorted().at(-2) as string;
    const older = `tillkeeper-2020-01-01T00-00-00Z.backup`;
    for (const name of backups().filter((each) => each !== newest)) rmSync(join(folder, name));
    renameSync(join(folder, newest), join(folder, older));
    await server.restart();
    expect(await nextAfter([older])).toHaveLength(1);
  });

  it("wait while another server makes one, which is no failure", async () => {
    const other = new pg.Client(server.database.url);
    await other.connect();
    await other.query("select pg_advisory_lock($1)", [backupLock]);
    const before = backups();
    server.clock.advance(25 * hourMs);
    // Longer than the server's looks are apart.
    await sleep(11_000);
    expect(backups()).toEqual(before);
    expect(await readiness()).not.toHaveProperty("degraded");
    await other.end();
    expect(await nextAfter(before)).toHaveLength(1);
  });

  it("fail where everybody sees it, and are well again when they succeed", async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "no folder");
    server.clock.advance(hourMs);
    await until(async () => (await readiness()).degraded?.includes("backups") ?? false, "the failure to show");
    expect((await server.call("GET", "/health/ready", {})).status).toBe(200);
    rmSync(folder);
    mkdirSync(folder);
    server.clock.advance(hourMs);
    await nextAfter([]);
    await until(async () => !(await readiness()).degraded, "it to be well");
  });
});
