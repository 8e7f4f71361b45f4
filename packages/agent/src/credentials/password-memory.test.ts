import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { result } from "../../test/support/entries.ts";
import { MemoryLostError } from "../memory/file-journal.ts";
import { openPasswordJournal } from "./password-memory.ts";

const [first, second] = ["T12345678-T0001-D1", "T12345678-T0001-D2"];

describe("the journal of a device with a password", () => {
  let folder: string;
  let path: string;
  let notedAt: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tillkeeper-password-"));
    path = join(folder, "journal.json");
    notedAt = join(folder, "addresses.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (address: string) =>
    openPasswordJournal({ path, initial: () => null, readState: () => null }, { address, notedAt });

  test("is begun for an address that is not noted, which is noted then; and found again", async () => {
    const known = result();
    await (await open(first)).write(() => ({ results: [known] }));
    expect(JSON.parse(readFileSync(notedAt, "utf8"))).toEqual([first]);
    expect((await open(first)).log.entries).toMatchObject([{ number: 1, operation_id: known.operation_id }]);
  });

  test.each([
    ["missing", () => rmSync(path)],
    ["not to be read", () => writeFileSync(path, "{")],
  ])("that is %s, of an address that is noted, is lost: nothing is begun in its place", async (_, lose) => {
    await open(first);
    lose();
    const before = existsSync(path);
    await expect(open(first)).rejects.toThrow(MemoryLostError);
    expect(existsSync(path)).toBe(before);
  });

  test("goes on as the address of another password, and never back", async () => {
    const known = result();
    await (await open(first)).write(() => ({ results: [known] }));
    expect(await open(second)).toMatchObject({ address: second, log: { last: 1 } });
    await expect(open(first)).rejects.toThrow(MemoryLostError);
  });

  test("that cannot be read gives way to one for another password, but not where nothing is noted", async () => {
    writeFileSync(path, "{");
    await expect(open(first)).rejects.toThrow(MemoryLostError);
    writeFileSync(notedAt, JSON.stringify([first]));
    expect(await open(second)).toMatchObject({ address: second, log: { last: 0 } });
    expect(readFileSync(`${path}.former`, "utf8")).toBe("{");
  });

  test("is not opened by notes that cannot be read", async () => {
    await open(first);
    writeFileSync(notedAt, "{");
    await expect(open(first)).rejects.toThrow(SyntaxError);
  });
});
