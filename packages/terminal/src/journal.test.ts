import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replaceFile } from "./durable-file.ts";
import { openFileJournal } from "./file-journal.ts";
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

const openAt = (path: string, replace?: (path: string, text: string) => Promise<void>) =>
  openFileJournal({
    path,
    initial: () => 0,
    readState: (stored) => {
      if (typeof stored !== "number") throw new TypeError("not a number");
      return stored;
    },
    ...(replace && { replace }),
  });

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
    const journal = await openFileJournal({
      path,
      initial: () => 0,
      readState: Number,
      reserveBytes: 4_096,
      replace: async (to, text) => {
        // Room for it comes with the reserve alone.
        if (full && (await readdir(folder)).includes("T1.json.reserve")) throw noRoom;
        await replaceFile(to, text);
      },
    });
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

  test.each(["", "{", "[]", '{"version":2,"state":0,"operations":[]}', '{"version":1,"state":"x","operations":[]}'])(
    "refuses a damaged file: %j",
    async (text) => {
      const path = join(folder, "T1.json");
      await writeFile(path, text);
      await expect(openAt(path)).rejects.toThrow("damaged");
    },
  );

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
