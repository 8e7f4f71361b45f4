import { randomUUID } from "node:crypto";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { openDb } from "../../src/db/db.ts";
import { isUnavailable } from "../../src/db/failures.ts";
import { createLogger } from "../../src/platform/log/log.ts";

const base = "/v1/admin/terminals/operations";

describe("a database that goes away", async () => {
  const { server, tenant } = await world({ own: {} });

  /** Ends every connection of the server, as a restart of the database does. The database's own processes stay. */
  const cutOff = () =>
    server.db.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`,
    );

  it("does not end the process when it takes a connection away in the middle of a transaction", async () => {
    for (let round = 0; round < 20; round += 1) {
      const transaction = server.db.sql.transaction().execute(async (tx) => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
        await server.db.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
        // Gives the driver time to notice while no statement is running.
        await new Promise((resolve) => setTimeout(resolve, 5));
        await sql`select 1`.execute(tx);
      });
      await expect(transaction).rejects.toSatisfy(isUnavailable);
    }
  });

  it("gives up on a statement that takes too long, and on its connection, which is still busy with it", async () => {
    const db = openDb({ connectionString: `${server.database.url}&query_timeout=200` }, createLogger("silent"));
    const pid = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db.sql)).rows[0]?.pid;
    const before = await pid();
    await expect(sql`select pg_sleep(30)`.execute(db.sql)).rejects.toSatisfy(isUnavailable);
    const after = await pid();
    expect(after).not.toBe(before);
    const transaction = db.sql.transaction().execute((tx) => sql`select pg_sleep(30)`.execute(tx));
    await expect(transaction).rejects.toSatisfy(isUnavailable);
    expect([before, after]).not.toContain(await pid());
    await db.close();
  });

  it("costs a 503 with Retry-After at worst; with one key the operation is made once", async () => {
    const device = await activeDevice(server, tenant, "810000000001");
    for (let round = 0; round < 30; round += 1) {
      const headers = { "idempotency-key": randomUUID() };
      const body = { terminal_id: device.terminalId, operation: "open_menu" };
      const cut = cutOff();
      let answer = await server.call("POST", base, { ...tenant, headers, body });
      await cut;
      for (let tries = 0; answer.status !== 201 && tries < 20; tries += 1) {
        expect(answer).toMatchObject({ status: 503, body: { error: { code: "service_unavailable" } } });
        expect(answer.headers.get("retry-after")).toBe("1");
        answer = await server.call("POST", base, { ...tenant, headers, body });
      }
      expect(answer.status).toBe(201);
      const receipted = ({ channel, message }: (typeof device.received)[number]) =>
        channel === "receipt" && message["operation_id"] === answer.body.id;
      // The result may be cut off, too: a terminal repeats it until the receipt.
      while (!device.received.some(receipted)) {
        await device.openedMenu(answer.body.id);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    const { body } = await server.call("GET", `${base}?operation=open_menu`, tenant);
    expect(body).toHaveLength(30);
    expect(new Set(body.map((row: { status: string }) => row.status))).toEqual(new Set(["COMPLETED"]));
    await expect.poll(async () => (await server.call("GET", "/health/ready")).status).toBe(200);
    await device.leave();
  });
});
