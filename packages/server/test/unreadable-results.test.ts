import { randomUUID } from "node:crypto";
import { limits } from "@tillkeeper/contract/limits";
import { type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { base, memoryWords } from "./support/memory-words.ts";

/**
 * D29: a result whose facts cannot be read is rejected, and its operation ends by its deadline as TIMEOUT, `invalid_result`. The
 * case from the field is aws-iot-device-sdk-embedded-C #1906: the device has done it, and the job looks as if it never came.
 */
describe("a result that cannot be read", async () => {
  const { server, tenant } = await world({ own: {} });
  const { at, freshDevice, get, send, close, answer, commandOf } = memoryWords(() => ({ server, tenant }));
  const broken = { outcome: "perhaps", batch_id: "000001" };
  const errorOf = (path: string) => ({ code: "invalid_result", message: expect.stringContaining(path) });
  const unreadable = (path: string) => ({ status: "TIMEOUT", reason: "invalid_result", error: errorOf(path) });
  const outcomeOf = async (id: string) => {
    server.clock.advance(600_000);
    await expect.poll(async () => (await get(id)).status).toBe("TIMEOUT");
    return get(id);
  };
  const rejected = async (device: Device, told: object) => {
    const { errors } = (await answer(device, told, "rejection")) as { errors: { path: string }[] };
    return errors[0]?.path;
  };
  const newAddress = async (device: Device) => {
    const path = `/v1/accounts/${tenant.aid}/terminals/${device.terminalId}/credentials`;
    return enterAs(server, (await server.call("POST", path, tenant)).body);
  };

  it.each<[string, string, (id: string) => object]>([
    ["with a broken fact", "/result/outcome", (id) => close(id, 1, { result: broken })],
    ["without a number", "/result/outcome", (id) => ({ ...close(id, 1, { result: broken }), number: undefined })],
    ["with a number that is none", "/number", (id) => close(id, 1, { number: "1" })],
    ["with a number beyond the next", "/result/outcome", (id) => close(id, 9, { result: broken })],
    [
      "of another kind of operation",
      "/operation",
      (id) => close(id, 1, { operation: "open_menu", result: { opened: true } }),
    ],
    ["of a kind that is not known", "/operation", (id) => close(id, 1, { operation: "dance" })],
    ["of no kind", "", (id) => close(id, 1, { operation: undefined })],
    ["without a status", "", (id) => close(id, 1, { status: undefined })],
    ["with far too many values", "", (id) => close(id, 1, { more: Array(limits.mqttMessageValues).fill(0) })],
    ["with a text that cannot be kept", "/more", (id) => close(id, 1, { more: "a\0b" })],
    ["nested too deep", "/more/0/0", (id) => close(id, 1, { more: JSON.parse(`${"[".repeat(20)}${"]".repeat(20)}`) })],
    ["with the id in capitals", "/result/outcome", (id) => close(id.toUpperCase(), 1, { result: broken })],
  ])("leaves its operation to the deadline, which says so: %s", async (_name, path, told) => {
    const device = await freshDevice();
    const { id } = await send(device);
    await commandOf(device, id);
    expect(await rejected(device, told(id))).toContain(path);
    const pending = await get(id);
    expect(pending).toMatchObject({ status: "PENDING", phase: "delivered" });
    expect(pending).not.toHaveProperty("error");
    expect(await outcomeOf(id)).toMatchObject({
      ...unreadable(path),
      phase: "delivered",
      retryable: false,
      next_step: "check_the_close",
    });
    await device.leave();
  });

  it("of a log that is not stored says so, too", async () => {
    const device = await freshDevice();
    const { id } = await send(device, { operation: "send_logs" });
    const result = { log_id: randomUUID(), size: 1, sha256: "0".repeat(64) };
    const told = { operation_id: id, operation: "send_logs", status: "COMPLETED", finished_at: at(), result };
    expect(await rejected(device, told)).toBe("/result/log_id");
    expect(await outcomeOf(id)).toMatchObject({ ...unreadable("/result/log_id"), next_step: "look_at_terminal" });
    await device.leave();
  });

  it("gives way to one that can, before the deadline and after it", async () => {
    const device = await freshDevice();
    const first = await send(device);
    expect(await rejected(device, close(first.id, 1, { result: broken }))).toBe("/result/outcome");
    // As a device does that was mended meanwhile: the same entry, or a new one.
    expect(await answer(device, close(first.id, 1))).toMatchObject({ status: "COMPLETED" });
    const completed = await get(first.id);
    expect(completed).toMatchObject({ status: "COMPLETED", result: { outcome: "accepted" } });
    for (const field of ["error", "reason"]) expect(completed).not.toHaveProperty(field);
    const second = await send(device);
    expect(await rejected(device, close(second.id, 2, { result: broken }))).toBe("/result/outcome");
    expect(await outcomeOf(second.id)).toMatchObject(unreadable("/result/outcome"));
    await answer(device, close(second.id, 3));
    expect(await get(second.id)).toMatchObject({
      ...unreadable("/result/outcome"),
      late_result: { status: "COMPLETED" },
      next_step: "nothing",
    });
    await device.leave();
  });

  it("gives way to one that can right behind it, before it was written down", async () => {
    const device = await freshDevice();
    const { id } = await send(device);
    await commandOf(device, id);
    await Promise.all([device.say("result", close(id, 1, { result: broken })), device.say("result", close(id, 1))]);
    await expect.poll(async () => (await get(id)).status).toBe("COMPLETED");
    await device.leave();
  });

  it("changes nothing where it comes from another terminal, names no live operation, or comes too late", {
    tags: "replicas",
  }, async () => {
    const [device, stranger] = [await freshDevice(), await freshDevice()];
    const { id } = await send(device);
    await commandOf(device, id);
    expect(await rejected(stranger, close(id, 1, { result: broken }))).toBe("/result/outcome");
    await rejected(stranger, { ...close(id, 2, { result: broken }), number: undefined });
    await answer(stranger, close(id, 2, { operation: "open_menu", result: { opened: true } }));
    await rejected(device, { ...close(randomUUID(), 1, { result: broken }), number: undefined });
    expect(await outcomeOf(id)).toMatchObject({ status: "TIMEOUT", reason: "not_delivered" });
    await rejected(device, { ...close(id, 1, { result: broken }), number: undefined });
    const after = await get(id);
    expect(after).toMatchObject({ reason: "not_delivered" });
    for (const field of ["error", "late_result"]) expect(after).not.toHaveProperty(field);
    const { body: others } = await server.call("GET", `${base}?terminal_id=${stranger.terminalId}`, tenant);
    // Only the check_update by which it became ACTIVE.
    expect(others).toHaveLength(1);
    await device.leave();
    await stranger.leave();
  });

  it("counts from the device that the terminal is now, also for what was sent to the one before", async () => {
    const device = await freshDevice();
    const { id } = await send(device);
    await commandOf(device, id);
    const after = await newAddress(device);
    await rejected(after, close(id, 1, { result: broken }));
    expect(await outcomeOf(id)).toMatchObject(unreadable("/result/outcome"));
    await after.leave();
  });

  it("shows that the terminal had the command: a cancel asks it, and does not end the operation", async () => {
    const device = await freshDevice();
    const { id } = await send(device, { operation: "open_menu" });
    const told = { operation_id: id, operation: "open_menu", status: "COMPLETED", finished_at: at() };
    expect(await rejected(device, { ...told, result: { opened: "yes" } })).toBe("/result/opened");
    const asked = await server.call("POST", `${base}/${id}/cancel`, tenant);
    expect(asked.body).toMatchObject({ status: "PENDING" });
    expect(await get(id)).toMatchObject({ status: "PENDING", cancellation: {} });
    expect(await device.next("cancel")).toMatchObject({ operation_id: id });
    expect(await outcomeOf(id)).toMatchObject(unreadable("/result/opened"));
    await device.leave();
  });
});
