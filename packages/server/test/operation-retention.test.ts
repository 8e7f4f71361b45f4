// @module-tag replicas: each server makes and drops the months.

import { randomUUID } from "node:crypto";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const base = "/v1/admin/terminals/operations";

/** docs/adr/0011-claims-and-partitions.md. */
describe("operations by the month", async () => {
  const { server, tenant } = await world({ own: { config: { retentionDays: 400 } } });

  const months = async () => {
    const { rows } = await server.db.pool.query(
      `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
       where inhparent = 'operations'::regclass order by relname`,
    );
    return rows.map((row: { name: string }) => row.name);
  };
  const list = async () => (await server.call("GET", base, tenant)).body.map((row: { id: string }) => row.id);

  it("are made ahead, also where a clock runs far ahead, and dropped after the retention, whole", async () => {
    const device = await activeDevice(server, tenant, "290000000000");
    const perform = async () => {
      const body = { terminal_id: device.terminalId, operation: "open_menu" };
      const answer = await server.call("POST", base, { ...tenant, body, headers: { "idempotency-key": randomUUID() } });
      expect(answer.status).toBe(201);
      const receipts = device.received.filter((entry) => entry.channel === "receipt").length;
      await device.openedMenu(answer.body.id);
      await device.next("receipt", receipts);
      return answer.body.id;
    };
    await expect.poll(async () => (await months()).length).toBeGreaterThanOrEqual(3);
    const old = await perform();

    // No worker has made next year's partitions.
    const year = server.clock.now().getUTCFullYear() + 1;
    server.clock.moveTo(`${year}-06-30T23:59:30Z`);
    const token = await server.account(tenant.aid, { clientId: "of-next-year" });
    tenant.token = token.token;
    const june = await perform();
    server.clock.moveTo(`${year}-07-01T00:00:10Z`);
    const july = await perform();
    expect(await months()).toEqual(expect.arrayContaining([`operations_${year}_06`, `operations_${year}_07`]));
    expect((await list()).slice(0, 2)).toEqual([july, june]);
    expect(await list()).toContain(old);
    const { rows } = await server.db.pool.query(
      "select count(*)::int as n from operation_claims where account_id = $1",
      [tenant.aid],
    );
    expect(rows[0].n).toBeGreaterThanOrEqual(2);

    // The first month ended 400 days ago; keys are forgotten after two days.
    server.clock.moveTo(`${year + 1}-02-15T12:00:00Z`);
    await server.restart();
    tenant.token = (await server.account(tenant.aid, { clientId: "much-later" })).token;
    await expect.poll(list).toEqual([july, june]);
    const left = async () => {
      const { rows: claims } = await server.db.pool.query("select 1 from operation_claims where account_id = $1", [
        tenant.aid,
      ]);
      return claims.length;
    };
    await expect.poll(left).toBe(0);
    await device.leave();
  });
});
