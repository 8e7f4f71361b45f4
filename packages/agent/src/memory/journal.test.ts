import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { begun, result } from "../../test/support/entries.ts";
import { replaceFile } from "./durable-file.ts";
import {
  claimFileJournal,
  type FileJournalOptions,
  MemoryLostError,
  openFileJournal,
  resumeFileJournal,
} from "./file-journal.ts";
import { emptyLog } from "./result-log.ts";

const noRoom = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tillkeeper-journal-"));
});
afterEach(() => rm(folder, { recursive: true }));

const address = "T00000001-T0001-D1";
const fileAt = (path: string): FileJournalOptions<number> => ({
  path,
  initial: () => 0,
  readState: (stored) => {
    if (typeof stored !== "number") throw new TypeError("not a number");
    return stored;
  },
});
const openAt = (path: string, replace?: (path: string, text: string) => Promise<void>) =>
  resumeFileJournal({ ...fileAt(path), ...(replace && { replace }) }, address);

const whole = { version: 2, address, state: 0, log: emptyLog };
const entry = begun();
const answer = result({ operation_id: entry.operation_id });
const next = begun();
const damaged = ["", "{", "[]"].concat(
  [{ version: 1 }, { state: "x" }, { address: undefined }, { address: "T1" }].map((change) =>
    JSON.stringify({ ...whole, ...change }),
  ),
);

describe("the file journal", () => {
  test("gives back what was written, for its owner only, and leaves no other file", async () => {
    const path = join(folder, "T1.json");
    const journal = await openAt(path);
    await Promise.all([journal.write(() => ({ begun: entry })), journal.write(() => ({ begun: next }))]);
    await journal.write(() => ({ results: [answer], state: 2 }));
    const again = await openAt(path);
    expect(again.state).toBe(2);
    expect(again.log.entries).toEqual([{ ...answer, number: 1 }]);
    expect(again.log.begun).toEqual([next]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["T1.json"]);
  });

  test("keeps room for the answer of what has begun, and begins nothing without it", async () => {
    const path = join(folder, "T1.json");
    let full = false;
    const replace = async (to: string, text: string) => {
      // Room for it comes with the reserve alone.
      if (full && (await readdir(folder)).includes("T1.json.reserve")) throw noRoom;
      await replaceFile(to, text);
    };
    const journal = await resumeFileJournal({ ...fileAt(path), reserveBytes: 4_096, replace }, address);
    await journal.write(() => ({ begun: entry }));
    expect((await stat(`${path}.reserve`)).size).toBe(4_096);
    full = true;
    await expect(journal.write(() => ({ begun: next }))).rejects.toBe(noRoom);
    await expect(journal.probe?.()).rejects.toBe(noRoom);
    await journal.write(() => ({ results: [answer] }));
    expect(await readdir(folder)).toEqual(["T1.json"]);
    full = false;
    await journal.write(() => ({ begun: next }));
    expect((await readdir(folder)).toSorted()).toEqual(["T1.json", "T1.json.reserve"]);
  });

  test("decides by what the writes before have left, one after another, and writes nothing where there is nothing to say", async () => {
    const path = join(folder, "T1.json");
    const journal = await openAt(path);
    const seen: number[] = [];
    const add = () =>
      journal.write((log) => {
        seen.push(log.last);
        return { results: [result()] };
      });
    await Promise.all([add(), add(), add()]);
    expect(seen).toEqual([0, 1, 2]);
    const before = await readFile(path, "utf8");
    expect(await journal.write(() => undefined)).toBeUndefined();
    expect(await readFile(path, "utf8")).toBe(before);
    expect((await openAt(path)).log.entries.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test.each(damaged)("refuses a damaged file: %j", async (text) => {
    const path = join(folder, "T1.json");
    await writeFile(path, text);
    await expect(openAt(path)).rejects.toThrow("damaged");
    await expect(openFileJournal(fileAt(path), address)).rejects.toThrow(MemoryLostError);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("entry and state go together: a write that fails changes neither, in memory or on disk, and the next works", async () => {
    const path = join(folder, "T1.json");
    let full = false;
    const journal = await openAt(path, (target, text) =>
      full ? Promise.reject(new Error("disk full")) : replaceFile(target, text),
    );
    full = true;
    await expect(journal.write(() => ({ results: [answer], state: 7 }))).rejects.toThrow("disk full");
    expect([journal.state, journal.log.entries]).toEqual([0, []]);
    full = false;
    expect((await openAt(path)).log.entries).toEqual([]);
    await journal.write(() => ({ results: [answer], state: 8 }));
    expect((await openAt(path)).state).toBe(8);
  });
});

describe("whose journal it is", () => {
  const other = "T00000001-T0001-D2";
  let path: string;
  beforeEach(() => {
    path = join(folder, "T1.json");
  });
  const idsOf = (journal: Awaited<ReturnType<typeof openAt>>) => journal.log.entries.map(({ operation_id: id }) => id);

  test("is written when it begins, and a device without its journal does not start: it says what it needs", async () => {
    await expect(openFileJournal(fileAt(path), address)).rejects.toThrow(
      `The journal ${path} is missing: the device must not go on as who it was, and needs another password`,
    );
    expect(await readdir(folder)).toEqual([]);
    expect((await claimFileJournal(fileAt(path), address)).address).toBe(address);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(whole);
    expect((await openFileJournal(fileAt(path), address)).address).toBe(address);
    await expect(openFileJournal(fileAt(path), other)).rejects.toThrow(`is that of ${address}, not of ${other}`);
  });

  test("changes when the same terminal is given another address, and what it remembers stays", async () => {
    const first = await claimFileJournal(fileAt(path), address);
    await first.write(() => ({ results: [answer], state: 7 }));
    await first.move(other);
    expect(first.address).toBe(other);
    const again = await openFileJournal(fileAt(path), other);
    expect([again.state, idsOf(again)]).toEqual([7, [entry.operation_id]]);
    const paired = await claimFileJournal(fileAt(path), "T00000001-T0001-D3");
    expect([paired.state, idsOf(paired)]).toEqual([7, [entry.operation_id]]);
    expect((await openFileJournal(fileAt(path), "T00000001-T0001-D3")).log.entries).toHaveLength(1);
  });

  test("does not change in memory while it cannot on disk", async () => {
    await claimFileJournal(fileAt(path), address);
    const replace = () => Promise.reject(noRoom);
    const journal = await openFileJournal({ ...fileAt(path), replace }, address);
    await expect(journal.move(other)).rejects.toBe(noRoom);
    expect(journal.address).toBe(address);
  });

  test.each([
    ["damaged", "{"],
    ["another terminal's", JSON.stringify({ ...whole, address: "T00000001-T0002-D1", state: 5 })],
  ])("begins anew over what is %s, which stays beside it", async (_, text) => {
    await writeFile(path, text);
    const journal = await claimFileJournal(fileAt(path), address);
    expect([journal.address, journal.state, journal.log.entries]).toEqual([address, 0, []]);
    expect(await readFile(`${path}.former`, "utf8")).toBe(text);
  });

  test("of a terminal that never loses its memory goes on with another address, numbered anew", async () => {
    const first = await resumeFileJournal(fileAt(path), address);
    const log = { ...emptyLog, results: [{ ...answer, number: 7 }] };
    await writeFile(path, JSON.stringify({ ...whole, state: 7, log }));
    expect(first.log.entries).toEqual([]);
    expect((await resumeFileJournal(fileAt(path), address)).log.last).toBe(7);
    const moved = await resumeFileJournal(fileAt(path), other);
    expect([moved.address, moved.state, moved.log.entries]).toEqual([other, 7, [{ ...answer, number: 1 }]]);
    expect((await openFileJournal(fileAt(path), other)).state).toBe(7);
  });
});

describe("the counter beside the key", () => {
  const path = () => join(folder, "T1.json");
  const file = () => ({ ...fileAt(path()), counterPath: join(folder, "writes.json") });
  const counted = async () => JSON.parse(await readFile(join(folder, "writes.json"), "utf8"));

  test("counts what is begun and what is answered, and shows an old copy of the journal for what it is", async () => {
    const journal = await claimFileJournal(file(), address);
    await journal.write(() => ({ begun: entry }));
    const copy = await readFile(path(), "utf8");
    await journal.write(() => ({}));
    expect(await counted()).toEqual({ address, writes: 1 });
    await journal.write(() => ({ results: [answer] }));
    expect(await counted()).toEqual({ address, writes: 2 });
    expect((await openFileJournal(file(), address)).log.last).toBe(1);
    await writeFile(path(), copy);
    await expect(openFileJournal(file(), address)).rejects.toThrow("is an old copy");
    expect((await openFileJournal(fileAt(path()), address)).log.last).toBe(0);
  });

  test("says nothing of another address, nor when it is missing, damaged or behind", async () => {
    const other = "T00000001-T0001-D2";
    const journal = await claimFileJournal(file(), address);
    await journal.write(() => ({ begun: entry }));
    await writeFile(join(folder, "writes.json"), JSON.stringify({ address: other, writes: 9 }));
    expect((await openFileJournal(file(), address)).log.begun).toEqual([entry]);
    await writeFile(join(folder, "writes.json"), JSON.stringify({ address, writes: 0 }));
    expect((await openFileJournal(file(), address)).log.begun).toEqual([entry]);
    for (const text of ["", "{}", "{"]) {
      await writeFile(join(folder, "writes.json"), text);
      expect((await openFileJournal(file(), address)).log.begun).toEqual([entry]);
    }
    await rm(join(folder, "writes.json"));
    expect((await openFileJournal(file(), address)).log.begun).toEqual([entry]);
  });
});
