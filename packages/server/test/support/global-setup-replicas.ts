import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../../src/db/open.ts";
import { createLogger } from "../../src/platform/log.ts";
import { asSuperuser, databaseUrl, startOwnPostgres } from "./own-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the servers' processes keep their compiled sources, so that each starts in half the time. */
    compiled: string;
  }
}

const template = "tillkeeper_template";

/** Debian's PostgreSQL 15 for the whole run, with a database to copy: three servers for each test file are work enough. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startOwnPostgres({
    // What tests write need not survive the machine.
    settings: { fsync: "off", full_page_writes: "off", max_connections: "500", shared_buffers: "256MB" },
  });
  const { host, port, user, password } = postgres;
  await asSuperuser(postgres, `create database ${template}`);
  const url = databaseUrl(postgres, template);
  await (await openDatabase({ url, dataDir: tmpdir(), log: createLogger("silent") })).close();
  const compiled = mkdtempSync(join(tmpdir(), "tillkeeper-compiled-"));
  await compileInto(compiled);
  project.provide("compiled", compiled);
  project.provide("postgres", { host, port, user, password });
  project.provide("template", template);
  return async () => {
    await postgres.remove();
    rmSync(compiled, { recursive: true, force: true });
  };
}

/** Once: processes that find nothing there write all of it when they end, which holds up their end. */
async function compileInto(folder: string): Promise<void> {
  const program = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
  await promisify(execFile)(process.execPath, [program, "settings"], { env: { NODE_COMPILE_CACHE: folder } });
}
