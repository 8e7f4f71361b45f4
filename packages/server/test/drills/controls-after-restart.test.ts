import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, expect, it } from "vitest";
import { startSandbox } from "../support/sandbox.ts";
import { sandboxClient } from "../support/sandbox-client.ts";

const database = await createTestDatabase();
const dataDir = mkdtempSync(join(tmpdir(), "tillkeeper-test-controls-"));
afterAll(async () => {
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Starts the sandbox on the same database and data folder as before, and ends it after `work`. */
async function whileItRuns(work: (client: Awaited<ReturnType<typeof sandboxClient>>, id: string) => Promise<void>) {
  const fleet = createVirtualFleet({ durationMs: { shortest: 1, longest: 3 } });
  const server = await startSandbox({ databaseUrl: database.url, dataDir }, fleet);
  try {
    const client = await sandboxClient(server);
    const id = client.terminalIds[0] ?? "";
    await client.until(id);
    await work(client, id);
  } finally {
    await server.stop();
    await fleet.stopAll();
  }
}

it("keeps what a terminal was told to do when the server restarts, until it is taken back", async () => {
  const failing = { status: "FAILED", error: { code: "simulated_failure" } };
  await whileItRuns(async (client, id) => {
    expect(await client.run(id, "open_menu")).toMatchObject({ status: "COMPLETED" });
    expect(await client.control(id, { fault: "failure", printer: "paper_out" })).toMatchObject({ status: 200 });
    expect(await client.run(id, "open_menu")).toMatchObject(failing);
  });
  await whileItRuns(async (client, id) => {
    const { body } = await client.call("GET", `/sandbox/terminals/${id}`);
    expect(body).toMatchObject({ fault: "failure", printer: "paper_out" });
    expect(await client.run(id, "open_menu")).toMatchObject(failing);
    await client.control(id, {});
  });
  await whileItRuns(async (client, id) => {
    expect(await client.run(id, "open_menu")).toMatchObject({ status: "COMPLETED" });
  });
});
