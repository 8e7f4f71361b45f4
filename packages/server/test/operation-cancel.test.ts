import { randomUUID } from "node:crypto";
import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const base = "/v1/admin/terminals/operations";

/** docs/adr/0010-phases-cancelling-waiting.md. */
describe("cancel an operation", async () => {
  const { server, tenant } = await world({ own: {} });
  const freshDevice = () => activeDevice(server, tenant);
  const get = async (id: string) => (await server.call("GET", `${base}/${id}`, tenant)).body;
  const send = async (device: Device, more: object = {}, headers = {}) => {
    const body = { terminal_id: device.terminalId, operation: "open_menu", timeout: 600, ...more };
    return (await server.call("POST", base, { ...tenant, headers, body })).body;
  };
  const cancel = (id: string, by: Tenant = tenant) => server.call("POST", `${base}/${id}/cancel`, by);
  const at = () => new Date().toISOString();
  const gaveUp = { status: "FAILED", reason: "cancelled", result: undefined, finished_at: at() };

  it("ends one at once that never went out, frees the terminal, and can be repeated", async () => {
    const device = await freshDevice();
    await device.leave();
    for (const operation of ["open_menu", "send_logs"]) {
      const sent = await send(device, { operation });
      const answer = await cancel(sent.id);
      expect(answer).toMatchObject({
        status: 200,
        body: { id: sent.id, status: "FAILED", reason: "cancelled", phase: "accepted", updated_by: tenant.clientId },
      });
      expect(answer.body.cancellation).toMatchObject({ requested_by: tenant.clientId });
      expect(await cancel(sent.id)).toMatchObject({ status: 200, body: answer.body });
      expect(await get(sent.id)).toMatchObject(answer.body);
    }
    expect(await send(device)).toMatchObject({ status: "PENDING" });
  });

  it("ends one at once that is on its way and may be repeated; the terminal is told not to begin", {
    tags: "replicas",
  }, async () => {
    const device = await freshDevice();
    const sent = await send(device);
    const command = await device.next("command");
    expect(await cancel(sent.id)).toMatchObject({ status: 200, body: { status: "FAILED", reason: "cancelled" } });
    const { created_at, expires_at, origin } = command;
    expect(await device.next("cancel")).toEqual({
      operation_id: sent.id,
      operation: "open_menu",
      created_at,
      expires_at,
      origin,
    });
    await device.openedMenu(sent.id, gaveUp);
    expect(await device.next("receipt")).toMatchObject({ operation_id: sent.id, status: "FAILED" });
    expect(await get(sent.id)).not.toHaveProperty("late_result");
    await device.leave();
  });

  it("keeps the truth when the terminal had carried it out all the same", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await device.next("command");
    await cancel(sent.id);
    await device.openedMenu(sent.id);
    expect(await device.next("receipt")).toMatchObject({ status: "FAILED" });
    expect(await get(sent.id)).toMatchObject({
      status: "FAILED",
      reason: "cancelled",
      late_result: { status: "COMPLETED", result: { opened: true } },
    });
    await device.leave();
  });

  it("asks the terminal about one that has begun; it gives it up", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await device.next("command");
    await device.say("started", { operation_id: sent.id, started_at: at() });
    await expect.poll(async () => (await get(sent.id)).phase).toBe("started");
    const asked = await cancel(sent.id);
    expect(asked).toMatchObject({
      status: 202,
      body: { status: "PENDING", cancellation: { requested_by: tenant.clientId } },
    });
    expect(await device.next("cancel")).toMatchObject({ operation_id: sent.id });
    await device.openedMenu(sent.id, gaveUp);
    await device.next("receipt");
    expect(await get(sent.id)).toMatchObject({ status: "FAILED", reason: "cancelled", phase: "answered" });
    expect(await cancel(sent.id)).toMatchObject({ status: 200 });
    await device.leave();
  });

  it("lets the terminal refuse, and the operation come to its own end", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await device.next("command");
    await device.say("started", { operation_id: sent.id, started_at: at() });
    await expect.poll(async () => (await get(sent.id)).phase).toBe("started");
    await cancel(sent.id);
    await device.next("cancel");
    await device.say("cancel_refused", { operation_id: sent.id });
    await expect.poll(async () => (await get(sent.id)).cancellation).toHaveProperty("refused_at");
    await device.openedMenu(sent.id);
    await device.next("receipt");
    // Written by the server that sent the command; another one may have got the result.
    await expect.poll(async () => (await get(sent.id)).phases).toHaveProperty("dispatched");
    const ended = await get(sent.id);
    expect(ended).toMatchObject({ status: "COMPLETED", cancellation: { refused_at: expect.any(String) } });
    expect(await cancel(sent.id)).toMatchObject({ status: 409, body: { error: { code: "operation_ended" } } });
    expect(await get(sent.id)).toEqual(ended);
    await device.leave();
  });

  it("does not call a close of the day cancelled that may have begun: the terminal is asked, and asked again", {
    tags: "replicas",
  }, async () => {
    const device = await freshDevice();
    const sent = await send(device, { operation: "end_of_day" });
    await device.next("command");
    expect(await cancel(sent.id)).toMatchObject({ status: 202, body: { status: "PENDING" } });
    await device.next("cancel");
    await device.next("cancel", 1);
    // A device that reconnects gets the cancel, too.
    const before = device.received.filter((entry) => entry.channel === "cancel").length;
    await device.hello();
    await device.next("cancel", before);
    expect(await get(sent.id)).toMatchObject({ status: "PENDING" });
    await device.say("result", { operation_id: sent.id, operation: "end_of_day", ...gaveUp, finished_at: at() });
    await device.next("receipt");
    expect(await get(sent.id)).toMatchObject({ status: "FAILED", reason: "cancelled", phase: "answered" });
    await device.leave();
  });

  it("keeps what a terminal gave up after its time, too: the day was not closed", async () => {
    const device = await freshDevice();
    const sent = await send(device, { operation: "end_of_day" });
    await device.next("command");
    expect((await cancel(sent.id)).status).toBe(202);
    server.clock.advance(600_000);
    await expect.poll(async () => (await get(sent.id)).status).toBe("TIMEOUT");
    await device.say("result", { operation_id: sent.id, operation: "end_of_day", ...gaveUp });
    await device.next("receipt");
    expect(await get(sent.id)).toMatchObject({ status: "TIMEOUT", late_result: { reason: "cancelled" } });
    await device.leave();
  });

  it("tells a terminal that still holds a cancelled command, when it says hello", async () => {
    const device = await freshDevice();
    const sent = await send(device, { when_busy: "wait" });
    await device.next("command");
    await device.say("delivered", { operation_id: sent.id, received_at: at() });
    await expect.poll(async () => (await get(sent.id)).phase).toBe("delivered");
    expect(await cancel(sent.id)).toMatchObject({ status: 200, body: { phase: "delivered" } });
    await device.next("cancel");
    await device.hello([{ operation_id: sent.id, phase: "delivered" }]);
    expect(await device.next("cancel", 1)).toMatchObject({ operation_id: sent.id });
    await device.leave();
  });

  it("refuses what is over, unknown, or another account's", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    const foreign = await server.account();
    const unknown = await cancel(randomUUID());
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: "operation_not_found" } } });
    expect(await cancel(sent.id, foreign)).toMatchObject({ status: 404, body: unknown.body });
    expect(await cancel("no-uuid")).toMatchObject({ status: 404, body: unknown.body });
    expect(await get(sent.id)).toMatchObject({ status: "PENDING" });
    server.clock.advance(600_000);
    expect(await cancel(sent.id)).toMatchObject({ status: 409, body: { error: { code: "operation_ended" } } });
    await expect.poll(async () => (await get(sent.id)).status).toBe("TIMEOUT");
    await device.leave();
  });

  it("happens once, whoever else is at it: many cancels, the result and the deadline at the same moment", {
    tags: "replicas",
  }, async () => {
    for (let round = 0; round < 10; round += 1) {
      const device = await freshDevice();
      const key = randomUUID();
      const sent = await send(device, {}, { "idempotency-key": key });
      await device.next("command");
      if (round % 2 === 1) server.clock.advance(599_990);
      const answers = await Promise.all([
        ...Array.from({ length: 4 }, () => cancel(sent.id)),
        device.openedMenu(sent.id).then(() => device.next("receipt")),
        ...Array.from({ length: 4 }, () => cancel(sent.id)),
      ]);
      await expect.poll(async () => (await get(sent.id)).status).not.toBe("PENDING");
      const ended = await get(sent.id);
      for (const answer of answers) {
        if (!("body" in answer)) continue;
        expect([200, 409]).toContain((answer as { status: number }).status);
        if ((answer as { status: number }).status === 200) expect(ended.reason).toBe("cancelled");
      }
      // The key still returns the first answer, and the terminal is free.
      expect(await send(device, {}, { "idempotency-key": key })).toEqual(sent);
      expect(await send(device)).toMatchObject({ status: "PENDING" });
      await device.leave();
    }
  });
});
