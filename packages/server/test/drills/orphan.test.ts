// @module-tag nightly: clusters of killed servers.

import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { readPostmasterFile } from "../../src/db/embedded/orphan.ts";
import type { EmbeddedPostgres } from "../../src/db/embedded/postgres.ts";
import { type Child, isAlive, query, scratchFolder, startChild, startScratch } from "../embedded/scratch.ts";

const PATIENT = { interval: 5 };

async function startServer(folder: string): Promise<{ server: Child; connection: EmbeddedPostgres["connection"] }> {
  const server = startChild("start-and-wait.ts", folder);
  return { server, connection: JSON.parse((await server.line()) ?? "null") };
}

test("replaces the PostgreSQL a killed server has left running", async () => {
  const folder = join(scratchFolder(), "postgres");
  const { server, connection } = await startServer(folder);
  await query(connection, "create table note as select 'kept' as text");
  const orphan = readPostmasterFile(folder)?.pid ?? 0;
  await server.kill();
  expect(isAlive(orphan)).toBe(true);

  const next = await startScratch(folder);
  expect(isAlive(orphan)).toBe(false);
  expect(existsSync(connection.host)).toBe(false);
  expect(await query(next.connection, "select text from note")).toEqual(["kept"]);
});

test("starts although processes of a killed postmaster are in the middle of long work", async () => {
  const folder = join(scratchFolder(), "postgres");
  const { server, connection } = await startServer(folder);
  const busy = new Client(connection);
  busy.on("error", () => undefined);
  await busy.connect();
  onTestFinished(() => busy.end());
  const work = busy.query("do $$ begin loop end loop; end $$").catch((error: unknown) => error);
  const watch = "select count(*)::int from pg_stat_activity where state = 'active' and query like 'do %'";
  await vi.waitFor(async () => expect(await query(connection, watch)).toEqual([1]), PATIENT);
  process.kill(readPostmasterFile(folder)?.pid ?? 0, "SIGSTOP");
  await server.kill();
  process.kill(readPostmasterFile(folder)?.pid ?? 0, "SIGKILL");

  const next = await startScratch(folder);
  expect(await query(next.connection, "select 1")).toEqual([1]);
  expect(await work).toBeInstanceOf(Error);
});

test("takes no stranger for its PostgreSQL that has got the number of an old one", async () => {
  const folder = join(scratchFolder(), "postgres");
  await (await startScratch(folder)).stop();
  const note = [process.pid, folder, 1, 5432, "/nowhere", "", "1 1", "ready   ", ""].join("\n");
  writeFileSync(join(folder, "postmaster.pid"), note);

  const next = await startScratch(folder);
  expect(await query(next.connection, "select 1")).toEqual([1]);
});

test("does not take the PostgreSQL of another cluster for its own, nor its runtime folder", async () => {
  const data = scratchFolder();
  const other = await startScratch(join(data, "other"));
  const folder = join(data, "postgres");
  await (await startScratch(folder)).stop();
  writeFileSync(join(folder, "postmaster.pid"), readFileSync(join(data, "other", "postmaster.pid")));

  const next = await startScratch(folder);
  expect(await query(next.connection, "select 1")).toEqual([1]);
  expect(await query(other.connection, "select 1")).toEqual([1]);
});

test("starts when a power failure has left an empty postmaster.pid", async () => {
  const folder = join(scratchFolder(), "postgres");
  await (await startScratch(folder)).stop();
  writeFileSync(join(folder, "postmaster.pid"), "");
  const next = await startScratch(folder);
  expect(await query(next.connection, "select 1")).toEqual([1]);
});

test("removes its own stale runtime folders and no others", async () => {
  const data = scratchFolder();
  const first = await startScratch(join(data, "postgres"));
  const ours = mkdtempSync(join(tmpdir(), "tillkeeper-pg-"));
  const foreign = mkdtempSync(join(tmpdir(), "tillkeeper-pg-"));
  onTestFinished(() => {
    for (const path of [ours, foreign]) rmSync(path, { recursive: true, force: true });
  });
  writeFileSync(join(ours, "cluster"), readFileSync(join(first.connection.host, "cluster")));
  writeFileSync(join(foreign, "cluster"), "1:2/postgres");
  await first.stop();

  await startScratch(join(data, "postgres"));
  expect([existsSync(ours), existsSync(foreign)]).toEqual([false, true]);
});

test("a server killed while it creates the cluster leaves nothing that is in the way", async () => {
  const data = scratchFolder();
  const folder = join(data, "postgres");
  const server = startChild("start-and-wait.ts", folder);
  const drafts = (): string[] => readdirSync(data).filter((name) => name.startsWith("postgres.init-"));
  await vi.waitFor(
    () => expect(drafts().some((name) => existsSync(join(data, name, "PG_VERSION")))).toBe(true),
    PATIENT,
  );
  await server.kill();
  expect(existsSync(folder)).toBe(false);
  expect(drafts()).toHaveLength(1);

  const next = await startScratch(folder);
  expect(await query(next.connection, "select 1")).toEqual([1]);
  expect(readdirSync(data)).toEqual(["postgres"]);
});

test("follows a data folder that was moved while its server was down", async () => {
  const data = scratchFolder();
  await (await startScratch(join(data, "before", "postgres"))).stop();
  renameSync(join(data, "before"), join(data, "after"));
  const next = await startScratch(join(data, "after", "postgres"));
  expect(await query(next.connection, "select 1")).toEqual([1]);
});
