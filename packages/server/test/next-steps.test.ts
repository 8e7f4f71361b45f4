import { activeDevice, registerDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { memoryWords } from "./support/memory-words.ts";

const operations = "/v1/admin/terminals/operations";

describe("what to do next", async () => {
  const { server, tenant } = await world();
  const post = (body: unknown) => server.call("POST", operations, { ...tenant, body });
  const ended = (id: string) =>
    vi.waitUntil(async () => {
      const { body } = await server.call("GET", `${operations}/${id}`, tenant);
      return body.status === "PENDING" ? undefined : body;
    });
  it("stands beside FAILED, by operation and reason", async () => {
    const device = await activeDevice(server, tenant);
    const fail = async (operation: string, reason: string) => {
      const { status, body } = await post({ terminal_id: device.terminalId, operation });
      expect(status, reason).toBe(201);
      expect(body).not.toHaveProperty("next_step");
      await device.next("command");
      const result = { operation_id: body.id, operation, status: "FAILED", finished_at: new Date().toISOString() };
      await device.say("result", { ...result, reason });
      return ended(body.id);
    };
    const text = expect.stringMatching(/^[A-Z].*\.$/);
    const cases = {
      user_aborted: { retryable: true, next_step: "ask_at_terminal" },
      host_unreachable: { retryable: true, next_step: "send_again_later" },
      out_of_step: { retryable: true, next_step: "read_last_close" },
      device_error: { retryable: false, next_step: "look_at_terminal" },
      // It may have closed the day, and had no room to write that down.
      storage_failed: { retryable: false, next_step: "check_the_close" },
    };
    for (const [reason, step] of Object.entries(cases))
      expect(await fail("end_of_day", reason), reason).toMatchObject({
        status: "FAILED",
        ...step,
        next_step_text: text,
      });
    expect(await fail("open_menu", "device_error")).toMatchObject({ next_step: "look_at_terminal" });
  });

  it("is by the late result, once there is one", async () => {
    const { server: own, tenant: owner } = await world({ own: {} });
    const { freshDevice, send, close, answer, get } = memoryWords(() => ({ server: own, tenant: owner }));
    const device = await freshDevice();
    let number = 0;
    for (const [outcome, step] of [
      ["declined", { retryable: true, next_step: "day_still_open" }],
      ["unconfirmed", { retryable: false, next_step: "check_the_close" }],
      ["accepted", { retryable: false, next_step: "nothing" }],
    ] as const) {
      const { id } = await send(device);
      own.clock.advance(600_000);
      await vi.waitUntil(async () => (await get(id)).status === "TIMEOUT");
      expect(await get(id)).toMatchObject({ retryable: true });
      number += 1;
      await answer(device, close(id, number, { result: { outcome, batch_id: `${number}` } }));
      expect(await get(id)).toMatchObject({ status: "TIMEOUT", late_result: { result: { outcome } }, ...step });
    }
  });

  it("stands in the refusal of a busy terminal", async () => {
    const device = await activeDevice(server, tenant);
    const menu = { terminal_id: device.terminalId, operation: "open_menu" };
    expect((await post(menu)).status).toBe(201);
    expect(await post(menu)).toMatchObject({
      status: 409,
      body: { error: { errors: [{ retryable: true, next_step: "wait_until_free" }] } },
    });
  });

  it("is to fetch the configuration first, where a terminal has none yet, and to pair where no device has", async () => {
    const device = await registerDevice(server, tenant);
    const close = { terminal_id: device.terminalId, operation: "end_of_day" };
    const placeOf = async () => {
      const { status, body } = await post(close);
      expect([status, body.error.code]).toEqual([409, "operation_not_allowed"]);
      return body.error.errors[0];
    };
    expect(await placeOf()).toMatchObject({ next_step: "pair_terminal", retryable: false, accepted: [] });
    await device.hello();
    await device.next("welcome");
    const place = await placeOf();
    expect(place).toMatchObject({
      path: "/body/operation",
      next_step: "fetch_configuration",
      accepted: ["send_logs", "check_update", "open_menu"],
    });
    expect(place.next_step_text).toContain("`check_update`");
  });
});
