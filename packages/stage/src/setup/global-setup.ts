import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import type { TestProject } from "vitest/node";
import { makeTemplate } from "../postgres/prepared.ts";
import { compileInto } from "../processes/tillkeeper.ts";
import { keepScratchInMemory } from "./scratch-in-memory.ts";

/** Starts one real PostgreSQL for the whole run; every test file creates its own databases in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const removeScratch = keepScratchInMemory();
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-test-"));
  const compiled = join(folder, "compiled");
  const [postgres] = await Promise.all([
    startEmbeddedPostgres({
      folder: join(folder, "postgres"),
      log: createLogger("silent"),
      // The data of tests need not survive a crash of the machine.
      settings: { fsync: "off", full_page_writes: "off", max_connections: "300" },
    }),
    compileInto(compiled),
  ]);
  project.provide("postgres", postgres.superuser);
  project.provide("owner", postgres.connection);
  project.provide("template", await makeTemplate(postgres.superuser, postgres.connection));
  project.provide("compiled", compiled);
  project.provide("keyFile", join(folder, "key"));
  project.provide("scratch", folder);
  return async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
    removeScratch();
  };
}
