// @module-tag nightly: a cluster for each case.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { readPostmasterFile } from "../../../src/db/embedded/orphan.ts";
import { collectingLog, isAlive, query, scratchFolder, startScratch } from "../../embedded/scratch.ts";

const PATIENT = { interval: 20 };

test("creates a cluster that only its password and its private socket lead to", async () => {
  const data = scratchFolder();
  const folder = join(data, "postgres");
  const { connection, superuser } = await startScratch(folder);

  expect(await query(connection, "select current_database() || '/' || current_user")).toEqual([
    "tillkeeper/tillkeeper_owner",
  ]);
  expect(await query(connection, "show server_encoding")).toEqual(["UTF8"]);
  expect(await query(connection, "show listen_addresses")).toEqual([""]);
  expect(statSync(connection.host).mode & 0o777).toBe(0o700);
  await expect(query({ ...connection, password: "guess" }, "select 1")).rejects.toThrow(
    "password authentication failed",
  );

  const file = join(folder, "tillkeeper.password");
  expect(readFileSync(file, "utf8")).toBe(superuser.password);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(file).uid).toBe(process.getuid?.());
  expect(readdirSync(data)).toEqual(["postgres"]);
});

test("leaves durability on unless the settings say otherwise", async () => {
  const { connection } = await startScratch(join(scratchFolder(), "postgres"), { settings: { work_mem: "5MB" } });
  expect(await query(connection, "show fsync")).toEqual(["on"]);
  expect(await query(connection, "show synchronous_commit")).toEqual(["on"]);
  expect(await query(connection, "show full_page_writes")).toEqual(["on"]);
  expect(await query(connection, "show work_mem")).toEqual(["5MB"]);
});

test("keeps the data from one start to the next", async () => {
  const folder = join(scratchFolder(), "postgres");
  const first = await startScratch(folder);
  await query(first.connection, "create table note as select 'kept' as text");
  await first.stop();

  const second = await startScratch(folder);
  expect(await query(second.connection, "select text from note")).toEqual(["kept"]);
  expect(second.connection.password).toBe(first.connection.password);
});

test("creates the database when an earlier start was killed before it could", async () => {
  const folder = join(scratchFolder(), "postgres");
  const first = await startScratch(folder);
  await query({ ...first.superuser, database: "postgres" }, "drop database tillkeeper");
  await first.stop();
  const second = await startScratch(folder);
  expect(await query(second.connection, "select current_database()")).toEqual(["tillkeeper"]);
});

test("stop leaves no process and no runtime folder, however often it is called", async () => {
  const folder = join(scratchFolder(), "postgres");
  const before = process.listeners("exit");
  const postgres = await startScratch(folder);
  const pid = readPostmasterFile(folder)?.pid ?? 0;
  expect(isAlive(pid)).toBe(true);

  await Promise.all([postgres.stop(), postgres.stop()]);
  await postgres.stop();
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(postgres.connection.host)).toBe(false);
  expect(existsSync(join(folder, "postmaster.pid"))).toBe(false);
  expect(process.listeners("exit").filter((listener) => !before.includes(listener))).toEqual([]);
});

test("starts again behind the same socket when the postmaster is killed, with the data", async () => {
  const folder = join(scratchFolder(), "postgres");
  const { log, messages } = collectingLog();
  const { connection } = await startScratch(folder, { log });
  await query(connection, "create table note as select 'kept' as text");
  const before = readPostmasterFile(folder)?.pid ?? 0;
  process.kill(before, "SIGKILL");

  await vi.waitFor(async () => expect(await query(connection, "select text from note")).toEqual(["kept"]), PATIENT);
  expect(readPostmasterFile(folder)?.pid).not.toBe(before);
  expect(messages).toContainEqual(
    expect.objectContaining({
      level: 50,
      msg: expect.stringContaining("PostgreSQL ended unexpectedly (signal SIGKILL)"),
    }),
  );
});

test("can be stopped while it is starting again", async () => {
  const folder = join(scratchFolder(), "postgres");
  const { log, messages } = collectingLog();
  const postgres = await startScratch(folder, { log });
  process.kill(readPostmasterFile(folder)?.pid ?? 0, "SIGKILL");
  await vi.waitFor(() => expect(messages.some(({ level }) => level === 50)).toBe(true), PATIENT);

  await postgres.stop();
  const last = readPostmasterFile(folder)?.pid;
  expect(last === undefined || !isAlive(last)).toBe(true);
  expect(existsSync(postgres.connection.host)).toBe(false);
});

test("forwards errors of PostgreSQL as warnings, the rest for debugging", async () => {
  const { log, messages } = collectingLog();
  const { connection } = await startScratch(join(scratchFolder(), "postgres"), { log });
  await expect(query(connection, "select 1/0")).rejects.toThrow("division by zero");

  await vi.waitFor(() =>
    expect(messages).toContainEqual(expect.objectContaining({ level: 40, msg: "PostgreSQL: ERROR: division by zero" })),
  );
  expect(messages.filter(({ level }) => level >= 40)).toHaveLength(1);
  expect(messages).toContainEqual(
    expect.objectContaining({ level: 20, msg: "PostgreSQL: LOG: database system is ready to accept connections" }),
  );
});

test("works in a folder whose path is longer than a socket's may be", async () => {
  const folder = join(scratchFolder(), "a-rather-long-name".repeat(4), "and-another-one".repeat(6), "postgres");
  expect(folder.length).toBeGreaterThan(150);
  const { connection } = await startScratch(folder);
  expect(await query(connection, "select 1")).toEqual([1]);
});

test("PostgreSQL has a session of its own, out of reach of Ctrl-C in the terminal", async () => {
  const folder = join(scratchFolder(), "postgres");
  await startScratch(folder);
  const pid = readPostmasterFile(folder)?.pid ?? 0;
  // A negative id addresses a process group, and this group exists only if PostgreSQL leads one.
  expect(process.kill(-pid, 0)).toBe(true);
});
