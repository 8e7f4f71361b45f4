// @module-tag nightly: a cluster for each case.

import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { locateBinaries } from "../../../src/db/embedded/binaries.ts";
import { readPostmasterFile } from "../../../src/db/embedded/orphan.ts";
import { query, scratchFolder, startScratch } from "../../embedded/scratch.ts";

const isRoot = process.getuid?.() === 0;

/** Copies the installed binaries as npm unpacks them without install scripts: without symbolic links. */
function unpackedBinaries(folder: string): string {
  const native = join(folder, "package", "native");
  mkdirSync(native, { recursive: true });
  cpSync(locateBinaries(), native, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
  return native;
}

function missingLinks(native: string): string[] {
  const links: { target: string }[] = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8"));
  return links.map(({ target }) => target).filter((target) => !existsSync(join(native, "..", target)));
}

test("makes the library links that the package's install script would have made, also for two starts at once", async () => {
  const folder = scratchFolder();
  const binaries = unpackedBinaries(folder);
  expect(missingLinks(binaries)).not.toEqual([]);

  const both = await Promise.all(["a", "b"].map((name) => startScratch(join(folder, name), { binaries })));
  for (const { connection } of both) expect(await query(connection, "select 1")).toEqual([1]);
  expect(missingLinks(binaries)).toEqual([]);
  expect(readdirSync(join(binaries, "lib")).filter((name) => name.endsWith(String(process.pid)))).toEqual([]);
});

// As root, PostgreSQL runs as another user, and the 0700 folder above keeps that user from the binaries. For other users,
// the test removes the write permission.
test("runs from the runtime folder when the installed binaries cannot be used where they are", async () => {
  const folder = scratchFolder();
  const binaries = unpackedBinaries(folder);
  const lib = join(binaries, "lib");
  if (!isRoot) {
    chmodSync(lib, 0o555);
    onTestFinished(() => chmodSync(lib, 0o755));
  }
  const postgres = await startScratch(join(folder, "postgres"), { binaries });
  const { connection } = postgres;
  expect(await query(connection, "select 1")).toEqual([1]);
  expect(existsSync(join(connection.host, "native", "bin", "postgres"))).toBe(true);
  expect(missingLinks(join(connection.host, "native"))).toEqual([]);
  await query(connection, "do $$ begin perform 1; end $$");

  await postgres.stop();
  expect(existsSync(connection.host)).toBe(false);
  expect(missingLinks(binaries).length > 0).toBe(!isRoot);
});

test("copies files only their owner may read, where linking them would not help", async () => {
  const folder = scratchFolder();
  const binaries = unpackedBinaries(folder);
  for (const entry of readdirSync(binaries, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(path, statSync(path).mode & 0o700);
  }
  const { connection } = await startScratch(join(folder, "postgres"), { binaries });
  expect(await query(connection, "select 1")).toEqual([1]);
  expect(statSync(join(binaries, "bin", "postgres")).mode & 0o777).toBe(0o700);
});

test("works below a folder only its owner may enter, under an account that is not root", async () => {
  const closed = scratchFolder();
  chmodSync(closed, 0o700);
  const folder = join(closed, "clone", "data", "postgres");
  const { connection } = await startScratch(folder, { binaries: unpackedBinaries(closed) });
  expect(await query(connection, "select 1")).toEqual([1]);
  expect(readPostmasterFile(folder)?.socketFolder).toBe(realpathSync(connection.host));

  const owner = statSync(folder).uid;
  expect(owner).toBe(isRoot ? statSync(connection.host).uid : process.getuid?.());
  expect(owner).not.toBe(0);
  expect(statSync(join(closed, "clone")).uid).toBe(process.getuid?.());
});

test("runs a cluster that was copied as it lay, again", async () => {
  const folder = scratchFolder();
  await (await startScratch(join(folder, "postgres"))).stop();
  // A copy made by root belongs to root, and PostgreSQL refuses such a data folder.
  cpSync(join(folder, "postgres"), join(folder, "copy"), { recursive: true });
  chmodSync(join(folder, "copy"), 0o700);
  rmSync(join(folder, "postgres"), { recursive: true });
  const { connection } = await startScratch(join(folder, "copy"));
  expect(await query(connection, "select 1")).toEqual([1]);
});
