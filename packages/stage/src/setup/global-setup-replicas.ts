import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { makeOwner, startOwnPostgres } from "../postgres/own-postgres.ts";
import { makeTemplate } from "../postgres/prepared.ts";
import { compileInto } from "../processes/tillkeeper.ts";

/** Starts Debian's PostgreSQL 15 for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startOwnPostgres({
    // The data of tests need not survive a crash of the machine.
    settings: { fsync: "off", full_page_writes: "off", max_connections: "500", shared_buffers: "256MB" },
  });
  const { host, port, user, password } = postgres;
  const address = { host, port, user, password };
  const compiled = mkdtempSync(join(tmpdir(), "tillkeeper-compiled-"));
  await compileInto(compiled);
  project.provide("compiled", compiled);
  project.provide("keyFile", join(compiled, "key"));
  project.provide("scratch", compiled);
  const owner = await makeOwner(address, "tillkeeper_owner");
  project.provide("postgres", address);
  project.provide("owner", owner);
  project.provide("template", await makeTemplate(address, owner));
  return async () => {
    await postgres.remove();
    rmSync(compiled, { recursive: true, force: true });
  };
}
