import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replaceFile } from "./durable-file.ts";
import {
  claimFileJournal,
  type FileJournalOptions,
  MemoryLostError,
  openFileJournal,
  resumeFileJournal,
} from "./file-journal.ts";
import { forgettable, type JournalEntry } from "./journal.ts";

const entry: JournalEntry = {
  operation_id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
  operation: "open_menu",
  parameters: { operator_id: "Kari" },
  created_at: "2026-06-29T12:00:00.000Z",
  expires_at: "2026-06-29T12:00:15.000Z",
  phase: "started",
  started_at: "2026-06-29T12:00:01.000Z",
};

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

const whole = { version: 1, address, state: 0, operations: [] };
const damaged = ["", "{", "[]"].concat(
  [{ version: 2 }, { state: "x" }, { address: undefined }, { address: "T1" }].map((change) =>
    JSON.stringify({ ...whole, ...change }),
  ),
);

describe("the file journal", () => {
  test("gives back what was written, for its owner only, and leaves no other file", async () => {
    const path = join(folder, "T1.json");
    const journal = await openAt(path);
    await Promise.all([journal.write(entry, 1), journal.write({ ...entry, operation_id: "b" })]);
    await journal.write({ ...entry, phase: "answered" }, 2);
    const again = await openAt(path);
    expect(again.state).toBe(2);
    expect(again.get(entry.operation_id)?.phase).toBe("answered");
    expect(again.entries()).toHaveLength(2);
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
    await journal.write(entry);
    expect((await stat(`${path}.reserve`)).size).toBe(4_096);
    full = true;
    await expect(journal.write({ ...entry, operation_id: "b" })).rejects.toBe(noRoom);
    await expect(journal.probe?.()).rejects.toBe(noRoom);
    await journal.write({ ...entry, phase: "answered" });
    expect(await readdir(folder)).toEqual(["T1.json"]);
    full = false;
    await journal.write({ ...entry, operation_id: "b" });
    expect((await readdir(folder)).toSorted()).toEqual(["T1.json", "T1.json.reserve"]);
  });

  test("forgets with the next write", async () => {
    const path = join(folder, "T1.json");
    const journal = await openAt(path);
    await journal.write(entry);
    journal.forget([entry.operation_id]);
    await journal.write({ ...entry, operation_id: "b" });
    expect((await openAt(path)).entries().map(({ operation_id }) => operation_id)).toEqual(["b"]);
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
    await expect(journal.write(entry, 7)).rejects.toThrow("disk full");
    expect([journal.state, journal.entries()]).toEqual([0, []]);
    full = false;
    expect((await openAt(path)).entries()).toEqual([]);
    await journal.write(entry, 8);
    expect((await openAt(path)).state).toBe(8);
  });
});

describe("whose journal it is", () => {
  const other = "T00000001-T0001-D2";
  let path: string;
  beforeEach(() => {
    path = join(folder, "T1.json");
  });
  const idsOf = (journal: Awaited<ReturnType<typeof openAt>>) => journal.entries().map(({ operation_id: id }) => id);

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
    await first.write(entry, 7);
    await first.move(other);
    expect(first.address).toBe(other);
    const again = await openFileJournal(fileAt(path), other);
    expect([again.state, idsOf(again)]).toEqual([7, [entry.operation_id]]);
    const paired = await claimFileJournal(fileAt(path), "T00000001-T0001-D3");
    expect([paired.state, idsOf(paired)]).toEqual([7, [entry.operation_id]]);
    expect((await openFileJournal(fileAt(path), "T00000001-T0001-D3")).entries()).toHaveLength(1);
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
    expect([journal.address, journal.state, journal.entries()]).toEqual([address, 0, []]);
    expect(await readFile(`${path}.former`, "utf8")).toBe(text);
  });

  test("of a terminal whose state outlives its devices begins anew with another address, in the same state", async () => {
    const first = await resumeFileJournal(fileAt(path), address);
    await first.write(entry, 7);
    expect(idsOf(await resumeFileJournal(fileAt(path), address))).toEqual([entry.operation_id]);
    const next = await resumeFileJournal(fileAt(path), other);
    expect([next.address, next.state, next.entries()]).toEqual([other, 7, []]);
    expect((await openFileJournal(fileAt(path), other)).state).toBe(7);
  });
});

test("a receipted entry is forgotten one hour after its expiry, others never", () => {
  const hourAfter = Date.parse(entry.expires_at) + 3_600_000;
  const entries: JournalEntry[] = [
    entry,
    { ...entry, operation_id: "answered", phase: "answered" },
    { ...entry, operation_id: "receipted", phase: "receipted" },
  ];
  expect(forgettable(entries, hourAfter)).toEqual([]);
  expect(forgettable(entries, hourAfter + 1)).toEqual(["receipted"]);
});
