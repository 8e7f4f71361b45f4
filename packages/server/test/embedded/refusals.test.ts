import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { startEmbeddedPostgres } from "../../src/db/embedded/postgres.ts";
import { StartupError } from "../../src/platform/startup-error.ts";
import { scratchFolder, startScratch } from "./scratch.ts";

async function refusal(folder: string, settings: Record<string, string> = {}): Promise<string> {
  const error: unknown = await startEmbeddedPostgres({ folder, log: pino({ level: "silent" }), settings }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StartupError);
  return error instanceof Error ? error.message : "";
}

test("a cluster of another major version", async () => {
  const folder = scratchFolder();
  writeFileSync(join(folder, "PG_VERSION"), "17\n");
  expect(await refusal(folder)).toBe(
    `The data folder ${folder} holds a PostgreSQL 17 cluster, this version needs 18: dump and restore it, or name another folder in TILLKEEPER_DATA_DIR.`,
  );
});

test("a folder with other files in it", async () => {
  const folder = scratchFolder();
  writeFileSync(join(folder, "letter.txt"), "");
  expect(await refusal(folder)).toContain("holds files that are not a PostgreSQL cluster");
});

test("a file in place of the folder, or of one above it", async () => {
  const folder = scratchFolder();
  writeFileSync(join(folder, "file"), "");
  expect(await refusal(join(folder, "file"))).toContain("is not a folder");
  expect(await refusal(join(folder, "file", "postgres"))).toContain("is not a folder");
});

test("a folder of another user", async () => {
  const folder = join(scratchFolder(), "postgres");
  mkdirSync(folder);
  const own = process.getuid?.() ?? 0;
  const asSomebodyElse = vi.spyOn(process, "getuid").mockReturnValue(own + 4711);
  try {
    expect(await refusal(folder)).toContain(
      `belongs to another user (uid ${own}, this server runs as uid ${own + 4711})`,
    );
  } finally {
    asSomebodyElse.mockRestore();
  }
});

test("settings PostgreSQL does not know, with its own words", async () => {
  const folder = join(scratchFolder(), "postgres");
  await (await startScratch(folder)).stop();
  expect(await refusal(folder, { no_such_setting: "1" })).toContain(
    'unrecognized configuration parameter "no_such_setting"',
  );
});

test("a cluster without its password", async () => {
  const folder = join(scratchFolder(), "postgres");
  await (await startScratch(folder)).stop();
  writeFileSync(join(folder, "tillkeeper.password"), "something else");
  expect(await refusal(folder)).toContain("does not accept the password kept there");
});
