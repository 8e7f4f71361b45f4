// @module-tag replicas: the whole story, each step at another server.

import { activeDevice, registerDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const operations = "/v1/admin/terminals/operations";

describe("the main job, with a device of a third party", async () => {
  const { server, tenant } = await world();

  it("brings a new terminal from PENDING over ACTION_REQUIRED to ACTIVE", async () => {
    const device = await registerDevice(server, tenant, "100000000001");
    const status = async () =>
      (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${device.terminalId}`, tenant)).body;
    expect(await status()).toMatchObject({ status: "PENDING" });

    const refused = await server.call("POST", operations, {
      ...tenant,
      body: { terminal_id: device.terminalId, operation: "check_update" },
    });
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "operation_not_allowed" } } });
    expect(refused.headers.get("retry-after")).toBeNull();

    await device.hello();
    await device.next("welcome");
    expect(await status()).toMatchObject({ status: "ACTION_REQUIRED", status_reason: "CHECK_UPDATE" });
    const close = { terminal_id: device.terminalId, operation: "end_of_day" };
    expect((await server.call("POST", operations, { ...tenant, body: close })).status).toBe(409);

    const sent = await server.call("POST", operations, {
      ...tenant,
      body: { terminal_id: device.terminalId, operation: "check_update" },
    });
    expect(sent.status).toBe(201);
    await device.next("command");
    await device.say("result", {
      operation_id: sent.body.id,
      operation: "check_update",
      status: "COMPLETED",
      finished_at: new Date().toISOString(),
      result: {
        current_version: "1.0.0",
        latest_version: "1.0.0",
        update_available: false,
        configuration_version: "7",
      },
    });
    expect(await device.next("receipt")).toMatchObject({ operation_id: sent.body.id, status: "COMPLETED" });
    expect(await status()).toMatchObject({ status: "ACTIVE" });
    expect(await status()).not.toHaveProperty("status_reason");
    await device.leave();
  });

  it("takes end_of_day from PENDING to COMPLETED with its totals", async () => {
    const device = await activeDevice(server, tenant, "100000000002");
    const body = { terminal_id: device.terminalId, operation: "end_of_day", parameters: { operator_id: "7" } };
    const sent = await server.call("POST", operations, { ...tenant, body });
    expect(sent).toMatchObject({ status: 201, body: { status: "PENDING", parameters: { operator_id: "7" } } });

    const command = await device.next("command");
    expect(command).toMatchObject({
      operation_id: sent.body.id,
      operation: "end_of_day",
      parameters: { operator_id: "7" },
    });
    expect(Date.parse(command["expires_at"] as string) - Date.parse(command["created_at"] as string)).toBe(180_000);
    await device.say("started", { operation_id: sent.body.id, started_at: new Date().toISOString() });
    const result = {
      outcome: "accepted",
      batch_id: "17",
      start_of_day_at: "2026-11-20T06:00:00Z",
      last_end_of_day_at: "2026-11-19T22:00:00Z",
      purchases_count: 3,
      purchases_amount: 30_000,
      reversals_count: 1,
      reversals_amount: 5_000,
      sale_amount: 24_000,
      tip_amount: 1_000,
      currency: "NOK",
    };
    const finished = { operation_id: sent.body.id, operation: "end_of_day", finished_at: new Date().toISOString() };
    await device.say("result", { ...finished, status: "COMPLETED", result });
    await device.next("receipt");

    const polled = await server.call("GET", `${operations}?operation_id=${sent.body.id}`, tenant);
    expect(polled.body).toMatchObject([
      { id: sent.body.id, status: "COMPLETED", result, updated_by: device.terminalId },
    ]);
    await device.leave();
  });

  it("keeps the first result however often a device repeats itself, and shows FAILED with its reason", async () => {
    const device = await activeDevice(server, tenant, "100000000003");
    const body = { terminal_id: device.terminalId, operation: "open_menu" };
    const sent = await server.call("POST", operations, { ...tenant, body });
    await device.next("command");
    const failure = { reason: "busy_payment", error: { code: "busy", message: "A payment is going on." } };
    await device.openedMenu(sent.body.id, { status: "FAILED", result: undefined, ...failure });
    await device.next("receipt");
    await device.openedMenu(sent.body.id);
    expect(await device.next("receipt", 1)).toMatchObject({ operation_id: sent.body.id, status: "FAILED" });
    const got = await server.call("GET", `${operations}/${sent.body.id}`, tenant);
    expect(got.body).toMatchObject({ status: "FAILED", ...failure });
    expect(got.body).not.toHaveProperty("result");
    await device.leave();
  });
});
