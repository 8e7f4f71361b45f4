import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The public page "terminal operations", with its request and response examples to the letter. */
describe("terminal operations, as documented", async () => {
  const aid = "P11223351";
  const terminalId = "P11223351-T0013";
  const base = "/v1/admin/terminals/operations";
  const accountBase = `/v1/accounts/${aid}/payments/admin/terminals/operations`;
  const server = await ownServer();
  let tenant: Tenant;
  let device: Device;
  beforeAll(async () => {
    server.clock.moveTo("2026-06-29T08:30:00Z");
    tenant = await server.account(aid, { clientId: "user@example.com" });
    await server.db.sql.updateTable("accounts").set({ last_terminal_number: 12 }).execute();
    device = await activeDevice(server, tenant, "900000000013");
    expect(device.terminalId).toBe(terminalId);
  });
  afterAll(async () => {
    await device.leave();
  });

  async function finish(id: string): Promise<void> {
    const before = device.received.filter((entry) => entry.channel === "receipt").length;
    await device.openedMenu(id);
    await device.next("receipt", before);
  }

  it("answers the request example with the response example", async () => {
    server.clock.moveTo("2026-06-29T09:00:00Z");
    const sent = '{\n  "terminal_id": "P11223351-T0013",\n  "operation": "end_of_day"\n}';
    const { status, body } = await server.call("POST", base, { ...tenant, body: sent });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      terminal_id: "P11223351-T0013",
      operation: "end_of_day",
      status: "PENDING",
      created_at: "2026-06-29T09:00:00Z",
      created_by: "user@example.com",
      updated_at: "2026-06-29T09:00:00Z",
      updated_by: "user@example.com",
    });

    // One operation at a time: the second one gets 409, with Retry-After in seconds and the pending operation in the
    // body.
    const second = await server.call("POST", base, {
      ...tenant,
      body: { terminal_id: terminalId, operation: "send_logs" },
    });
    expect(second.status).toBe(409);
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(100);
    expect(Number(second.headers.get("retry-after"))).toBeLessThanOrEqual(180);
    expect(second.body.error).toMatchObject({
      code: "operation_pending",
      errors: [
        { blocker: { id: body.id, operation: "end_of_day", created_by: "user@example.com", deadline: body.deadline } },
      ],
    });

    // The list of results, by terminal and by the returned id. Only the progress fields may be additions to the page
    // (D17).
    const { phase: _, phases: __, ...documented } = body;
    for (const query of [`terminal_id=${terminalId}`, `operation_id=${body.id}`]) {
      const list = await server.call("GET", `${base}?${query}`, tenant);
      expect(list.status).toBe(200);
      expect(Array.isArray(list.body)).toBe(true);
      expect(list.body[0]).toMatchObject(documented);
    }

    // TIMEOUT: no response within the window. A new operation can be sent.
    server.clock.advance(180_000);
    await expect
      .poll(async () => (await server.call("GET", `${base}?operation_id=${body.id}`, tenant)).body[0].status)
      .toBe("TIMEOUT");
    const again = await server.call("POST", base, {
      ...tenant,
      body: { terminal_id: terminalId, operation: "open_menu" },
    });
    expect(again.status).toBe(201);
    await device.next("command", 1);
    await finish(again.body.id);
    expect((await server.call("GET", `${base}?operation_id=${again.body.id}`, tenant)).body[0]).toMatchObject({
      status: "COMPLETED",
      result: { opened: true },
    });
  });

  it("takes all four operations, on both bases, and no other", async () => {
    for (const path of [base, accountBase]) {
      for (const operation of ["send_logs", "check_update", "open_menu", "end_of_day"]) {
        const answer = await server.call("POST", path, { ...tenant, body: { terminal_id: terminalId, operation } });
        expect(answer.status, operation).toBe(201);
        const failed = { operation, status: "FAILED", reason: "refused", result: undefined };
        await device.openedMenu(answer.body.id, failed);
        await expect
          .poll(async () => (await server.call("GET", `${path}/${answer.body.id}`, tenant)).body.status)
          .toBe("FAILED");
      }
      const body = { terminal_id: terminalId, operation: "reboot" };
      expect(await server.call("POST", path, { ...tenant, body })).toMatchObject({
        status: 400,
        body: { error: { errors: [{ path: "/body/operation" }] } },
      });
    }
  });

  it("executes a command once for one Idempotency-Key", async () => {
    const headers = { "idempotency-key": "9b2c5d7e-1a3f-4c6b-8d9e-0f1a2b3c4d5e" };
    const body = { terminal_id: terminalId, operation: "open_menu" };
    const first = await server.call("POST", base, { ...tenant, headers, body });
    expect(first.status).toBe(201);
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    const running = await server.call("POST", base, { ...tenant, headers, body });
    expect(running).toMatchObject({ status: 201, body: first.body });
    expect(running.headers.get("idempotent-replayed")).toBe("true");
    await finish(first.body.id);
    const later = await server.call("POST", accountBase, { ...tenant, headers, body });
    expect(later).toMatchObject({ status: 201, body: first.body });
  });

  it("opens each endpoint to the scopes of the table, and to no other", async () => {
    const post = { body: { terminal_id: "P11223351-T9999", operation: "open_menu" } };
    const all = [
      "admin:accounts",
      "write:accounts",
      "read:accounts",
      "admin:checkout",
      "read:checkout",
      "write:checkout",
      "read:checkout:/admin/terminals",
      "write:checkout:/admin/terminals",
    ] as const;
    for (const [index, scope] of all.entries()) {
      const other = await server.account(`P2000000${index}`, { scopes: [scope] });
      for (const path of [base, `/v1/accounts/${other.aid}/payments/admin/terminals/operations`]) {
        const writes = ["admin:checkout", "write:checkout:/admin/terminals"].includes(scope);
        const reads = ["admin:checkout", "read:checkout:/admin/terminals"].includes(scope);
        const posted = await server.call("POST", path, { ...other, ...post });
        expect(posted.status, `POST with ${scope}`).toBe(writes ? 404 : 403);
        if (!writes) expect(posted.body.error.message).toContain("admin:checkout, write:checkout:/admin/terminals");
        expect((await server.call("GET", path, other)).status, `GET with ${scope}`).toBe(reads ? 200 : 403);
      }
    }
  });
});
