// @module-tag replicas: requests with one key come to several servers.

import { randomUUID } from "node:crypto";
import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const base = "/v1/admin/terminals/operations";

describe("idempotency keys", async () => {
  const { server, tenant } = await world({ own: {} });
  const freshDevice = (of = tenant): Promise<Device> => activeDevice(server, of);
  const menu = (device: Device, more: object = {}) => ({
    terminal_id: device.terminalId,
    operation: "open_menu",
    ...more,
  });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    server.call("POST", base, { ...tenant, body, headers });

  it("makes one operation of 50 simultaneous requests with one key, over two servers, and 50 equal answers", async () => {
    const second = await startTestServer({ database: server.database });
    const device = await freshDevice();
    const headers = { "idempotency-key": randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? server : second).call("POST", base, { ...tenant, body: menu(device), headers }),
      ),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get("idempotent-replayed") === null)).toHaveLength(1);
    const rows = await server.db.sql
      .selectFrom("operations")
      .select("id")
      .where("terminal_id", "=", device.terminalId)
      .where("operation", "=", "open_menu")
      .execute();
    expect(rows).toHaveLength(1);
    await second.stop();
    await device.leave();
  });

  it("remembers only accepted requests: a 409 may be repeated with the same key", async () => {
    const device = await freshDevice();
    const blocker = await post(menu(device));
    const headers = { "idempotency-key": randomUUID() };
    expect((await post(menu(device), headers)).status).toBe(409);
    await device.openedMenu(blocker.body.id);
    await device.next("receipt");
    const accepted = await post(menu(device), headers);
    expect(accepted.status).toBe(201);
    expect(accepted.headers.get("idempotent-replayed")).toBeNull();
    await device.leave();
  });

  it("tells a key reused for another request from a repeat, whatever the order of fields, per client", async () => {
    const device = await freshDevice();
    const key = randomUUID();
    const headers = { "idempotency-key": key };
    const first = await post({ operation: "open_menu", terminal_id: device.terminalId, timeout: 30 }, headers);
    expect(first.status).toBe(201);
    const repeated = await post(
      `{"timeout":30,  "terminal_id":"${device.terminalId}","parameters":{},"operation":"open_menu"}`,
      { "idempotency-key": key.toUpperCase() },
    );
    expect(repeated).toMatchObject({ status: 201, body: first.body });
    for (const other of [
      menu(device),
      menu(device, { timeout: 31 }),
      menu(device, { timeout: 30, parameters: { operator_id: "1" } }),
    ]) {
      expect(await post(other, headers)).toMatchObject({
        status: 422,
        body: { error: { code: "idempotency_key_reused" } },
      });
    }
    const colleague = await server.account(tenant.aid, { clientId: "another-client" });
    const theirs = await server.call("POST", base, { ...colleague, body: menu(device, { timeout: 30 }), headers });
    expect(theirs.status).toBe(409);
    for (const bad of ["1", "not-a-uuid", `${key} ${key}`]) {
      expect(await post(menu(device), { "idempotency-key": bad })).toMatchObject({
        status: 400,
        body: { error: { code: "invalid_idempotency_key", errors: [{ path: "/headers/idempotency-key" }] } },
      });
    }
    await device.leave();
  });

  it("forgets a key after 48 hours", async () => {
    const device = await freshDevice();
    const headers = { "idempotency-key": randomUUID() };
    const first = await post(menu(device), headers);
    await device.openedMenu(first.body.id);
    await device.next("receipt");
    await server.db.sql
      .updateTable("operation_claims")
      .set({ created_at: new Date(Date.now() - 48 * 3_600_000 - 1000) })
      .where("operation_id", "=", first.body.id)
      .execute();
    const second = await post(menu(device), headers);
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    await device.leave();
  });
});
