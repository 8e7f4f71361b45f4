import { asSuperuser, makeOwner, type OwnPostgres, startOwnPostgres } from "@tillkeeper/stage/postgres/own-postgres";
import { type PgBouncer, type PoolMode, startPgBouncer } from "@tillkeeper/stage/postgres/pgbouncer";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../../src/platform/log/log.ts";

describe("a server behind PgBouncer", () => {
  let postgres: OwnPostgres;
  let bouncer: PgBouncer | undefined;
  let server: TestServer | undefined;
  let folder: Folder;
  beforeEach(async () => {
    postgres = await startOwnPostgres();
    folder = new Folder("terminals");
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await bouncer?.remove();
    await postgres.remove();
    folder.remove();
  });

  async function startBehind(mode: PoolMode): Promise<TestServer> {
    const owner = await makeOwner(postgres, "app");
    await asSuperuser(postgres, "create database app owner app");
    bouncer = await startPgBouncer(owner, mode);
    const fleet = createVirtualFleet({ folder: folder.path, log: createLogger("silent") });
    server = await startTestServer({
      database: { url: bouncer.urlOf("app"), drop: async () => undefined },
      virtualTerminalHost: fleet,
    });
    return server;
  }

  /** Terminals of a store, which answer. */
  async function terminals(of: TestServer, tenant: Tenant, count: number): Promise<string[]> {
    await of.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S1" } });
    const ids: string[] = [];
    for (let number = 100; number < 100 + count; number += 1) {
      const body = { store_id: "S1", device_serial_number: `SIMULATED-${tenant.aid}-${number}` };
      ids.push((await of.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body })).body.terminal_id);
    }
    return ids;
  }

  it("works when it pools by sessions: operations of many callers complete", async () => {
    const running = await startBehind("session");
    const tenant = await running.account("T78000001");
    const ids = await terminals(running, tenant, 8);
    const answers = await Promise.all(
      ids.map((terminal_id) =>
        running.call("POST", "/v1/admin/terminals/operations", {
          ...tenant,
          headers: { prefer: "wait=20" },
          body: { terminal_id, operation: "open_menu" },
        }),
      ),
    );
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(ids.map(() => [201, "COMPLETED"]));
  });

  it("is refused in one sentence when it pools by transactions", async () => {
    await expect(startBehind("transaction")).rejects.toThrow(
      "The database (DATABASE_URL) is behind a pooler that changes connections between transactions (PgBouncer with pool_mode=transaction): let it pool by sessions, or name PostgreSQL itself.",
    );
  });

  it("answers 503 and never 500 when that changes under a running server, and works again afterwards", async () => {
    const running = await startBehind("session");
    const tenant = await running.account("T78000002");
    const ids = await terminals(running, tenant, 8);
    const post = async (terminal_id: string) =>
      (
        await running.call("POST", "/v1/admin/terminals/operations", {
          ...tenant,
          body: { terminal_id, operation: "open_menu" },
        })
      ).status;
    const statuses = new Set<number>();
    await bouncer?.setMode("transaction");
    for (let round = 0; round < 12; round += 1) {
      for (const status of await Promise.all(ids.map(post))) statuses.add(status);
    }
    // The change was met: 26000 and 42P05 came.
    expect(statuses).toContain(503);
    expect([...statuses].filter((status) => ![201, 409, 503].includes(status))).toEqual([]);
    await bouncer?.setMode("session");
    await expect.poll(async () => new Set(await Promise.all(ids.map(post)))).not.toContain(503);
  });
});
