import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderError, lockDataFolder } from "../../src/platform/folders/data-folder.ts";
import { StartupError } from "../../src/platform/startup-error.ts";
import { scratchFolder, startChild } from "./scratch.ts";

test("creates the folder for its owner alone, and gives the lock back on release", () => {
  const path = join(scratchFolder(), "not", "yet", "there");
  const lock = lockDataFolder(path);
  expect(lock.path).toBe(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(path, "server.lock"), "utf8").split("\n")[0]).toBe(String(process.pid));
  expect(() => lockDataFolder(path)).toThrow(StartupError);

  lock.release();
  lock.release();
  expect(readdirSync(path)).toEqual([]);
  lockDataFolder(path).release();
});

test("closes a folder of its own that other users may enter, and refuses one with files of something else", () => {
  // The key of a restore may be the only file of its folder.
  for (const name of ["empty", "postgres", "sandbox.json", "key"]) {
    const path = join(scratchFolder(), name);
    mkdirSync(path);
    if (name !== "empty") writeFileSync(join(path, name), "");
    chmodSync(path, 0o755);
    lockDataFolder(path).release();
    expect(statSync(path).mode & 0o777, name).toBe(0o700);
  }
  const shared = scratchFolder();
  writeFileSync(join(shared, "photos"), "");
  chmodSync(shared, 0o1777);
  expect(() => lockDataFolder(shared)).toThrow(
    new StartupError(
      `The folder ${shared} is open to other users (mode 1777) and holds files of something else: close it with chmod 700, or name another folder.`,
    ),
  );
  expect(readdirSync(shared)).toEqual(["photos"]);
  chmodSync(shared, 0o700);
  lockDataFolder(shared).release();
});

test("refuses a folder in use, naming folder and process, and takes it over once that is killed", async () => {
  const path = scratchFolder();
  const other = startChild("hold-lock.ts", path);
  expect(await other.line()).toBe("held");
  expect(() => lockDataFolder(path)).toThrow(
    new StartupError(
      `The data folder ${path} is in use by another server (process ${other.process.pid}): stop that one first, or name another folder in TILLKEEPER_DATA_DIR.`,
    ),
  );

  await other.kill();
  expect(existsSync(join(path, "server.lock"))).toBe(true);
  lockDataFolder(path).release();
  expect(readdirSync(path)).toEqual([]);
});

test("recognises a process that only has the same number as the one that held the lock", () => {
  const path = scratchFolder();
  writeFileSync(join(path, "server.lock"), `${process.ppid}\nan-earlier-boot/1\n`);
  const lock = lockDataFolder(path);
  expect(readFileSync(join(path, "server.lock"), "utf8").split("\n")[0]).toBe(String(process.pid));
  lock.release();
});

test.each(["", "no number\n", "-1\n"])("takes over a lock that says nothing: %j", (content) => {
  const path = scratchFolder();
  writeFileSync(join(path, "server.lock"), content);
  lockDataFolder(path).release();
  expect(readdirSync(path)).toEqual([]);
});

test("release leaves alone what is no longer its own", () => {
  const path = scratchFolder();
  const lock = lockDataFolder(path);
  writeFileSync(join(path, "server.lock"), "1\nsomebody else\n");
  lock.release();
  expect(existsSync(join(path, "server.lock"))).toBe(true);
});

test("of many servers that find a stale lock, exactly one gets it", async () => {
  const path = scratchFolder();
  writeFileSync(join(path, "server.lock"), `${process.ppid}\nan-earlier-boot/1\n`);
  const answers = await Promise.all(Array.from({ length: 6 }, () => startChild("hold-lock.ts", path).line()));
  expect(answers.filter((answer) => answer === "held")).toHaveLength(1);
  expect(answers.filter((answer) => answer?.startsWith("StartupError: "))).toHaveLength(5);
});

test("says in one sentence why a path cannot be the data folder", () => {
  const folder = scratchFolder();
  writeFileSync(join(folder, "file"), "");
  const why = "is not a folder: change that, or name another folder in TILLKEEPER_DATA_DIR.";
  expect(() => lockDataFolder(join(folder, "file"))).toThrow(new StartupError(`The data folder ${folder}/file ${why}`));
  expect(() => lockDataFolder(join(folder, "file", "data"))).toThrow(
    new StartupError(`The data folder ${folder}/file/data ${why}`),
  );
  symlinkSync(join(folder, "not-mounted"), join(folder, "link"));
  for (const path of [join(folder, "link"), join(folder, "link", "data"), "/proc/none"])
    expect(() => lockDataFolder(path), path).toThrow(/cannot be made: a link above it leads nowhere/);
});

test.each([
  ["EACCES", /^The data folder \/data is not accessible and writable for the user of this server \(uid \d+\): /],
  ["EROFS", /^The data folder \/data lies on a read-only file system: /],
  ["ENOSPC", /^The data folder \/data lies on a full file system: /],
])("says it for %s of the file system", (code, sentence) => {
  const said = folderError("/data", Object.assign(new Error(code), { code }));
  expect(said).toBeInstanceOf(StartupError);
  expect(String(said)).toMatch(new RegExp(sentence.source.replace("^", "^StartupError: ")));
});
