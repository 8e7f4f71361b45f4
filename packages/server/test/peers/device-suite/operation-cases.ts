import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { CheckUpdateResult, EndOfDayResult, SendLogsResult } from "@tillkeeper/contract/operations";
import { expect, it, vi } from "vitest";
import { sha256Of } from "../../support/logs.ts";
import { programOf } from "./agents.ts";
import { operations } from "./desk.ts";
import { activeDevice, type Scene, type SuiteDevice } from "./device.ts";
import type { Stage } from "./stage.ts";

const slowly = { parameters: { operator_id: "simulate:slow" }, timeout: 20 };
/** Thirteen to nineteen digits, with or without a blank or hyphen between them. */
const cardNumber = /\b\d(?:[ -]?\d){12,18}\b/;

/** The cases about operations: each kind, copies, power cuts and cancellations. */
export function operationCases(scene: Scene): void {
  const { stage } = scene;

  it("carries all four operations out", async (context) => {
    const device = await activeDevice(scene, context);
    const update: CheckUpdateResult = await stage().perform(device.id, "check_update");
    expect(update).toMatchObject({ latest_version: update.current_version, update_available: false });
    expect(await stage().perform(device.id, "open_menu")).toEqual({ opened: true });
    const { log } = programOf(scene.program);
    if (log !== undefined) await appendFile(join(device.folder, log), "read 4111 1111 1111 1111 by hand\n");
    await sendsLogs(stage(), device);
    await closesDay(stage(), device);
    for (const operation of ["check_update", "open_menu", "send_logs", "end_of_day"]) {
      const { body } = await stage().call("GET", `${operations}?terminal_id=${device.id}&operation=${operation}`);
      for (const { id } of body) {
        for (const state of ["received", "COMPLETED"])
          expect(device.agent.count({ event: "operation", operation_id: id, state }), `${operation} ${state}`).toBe(1);
      }
    }
  });

  it("does once what it is sent twice", async (context) => {
    const device = await activeDevice(scene, context);
    const before: EndOfDayResult = await stage().perform(device.id, "end_of_day");
    // The agent is suspended, and later reads all messages at once.
    device.agent.signal("SIGSTOP");
    const id = await stage().send(device.id, "end_of_day");
    await stage().reaches(id, "dispatched");
    await sendAgain(stage(), id);
    device.agent.signal("SIGCONT");
    const { status, result } = await stage().ended(id);
    expect(status).toBe("COMPLETED");
    expect(result.start_of_day_at).toBe(before.last_end_of_day_at);
    const after: EndOfDayResult = await stage().perform(device.id, "end_of_day");
    expect(after.start_of_day_at).toBe(result.last_end_of_day_at);
    expect(device.agent.count({ event: "operation", operation_id: id, state: "started" })).toBe(1);
    expect(await stage().operation(id)).not.toHaveProperty("late_result");
  });

  it("never closes a day twice, though it is killed in the middle of it", async (context) => {
    const device = await activeDevice(scene, context);
    const before: EndOfDayResult = await stage().perform(device.id, "end_of_day");
    const id = await stage().send(device.id, "end_of_day", slowly);
    await device.agent.until({ event: "operation", operation_id: id, state: "started" });
    await device.agent.kill();
    device.start();
    const ended = await stage().ended(id);
    expect(ended).toMatchObject({ status: "FAILED", reason: "device_error", error: { code: "interrupted" } });
    await device.online();
    expect(device.agent.count({ event: "operation", operation_id: id, state: "started" })).toBe(0);
    const after: EndOfDayResult = await stage().perform(device.id, "end_of_day");
    expect(after.start_of_day_at).toBe(before.last_end_of_day_at);
    expect(await stage().operation(id)).toEqual(ended);
  });

  it("does not begin what is cancelled first, and says so of what it breaks off", async (context) => {
    const device = await activeDevice(scene, context);
    await device.agent.kill();
    await vi.waitUntil(async () => (await stage().see.presence(device.id)).status !== "online");
    const waiting = await stage().send(device.id, "open_menu", { timeout: 120 });
    expect(await cancel(stage(), waiting, 200)).toMatchObject({ status: "FAILED", reason: "cancelled" });
    device.start();
    await device.online();
    const running = await stage().send(device.id, "send_logs", slowly);
    await device.agent.until({ event: "operation", operation_id: running, state: "started" });
    await stage().reaches(running, "started");
    await cancel(stage(), running, 202);
    expect(await stage().ended(running)).toMatchObject({ status: "FAILED", reason: "cancelled" });
    await stage().perform(device.id, "open_menu");
    expect(device.agent.count({ event: "operation", operation_id: waiting, state: "started" })).toBe(0);
  });
}

/** Cancels an operation: 200 when this ends it, 202 when the server has to ask the device. */
async function cancel(stage: Stage, id: string, expected: 200 | 202) {
  const { status, body } = await stage.call("POST", `${operations}/${id}/cancel`);
  expect(status).toBe(expected);
  return body;
}

/**
 * Resets the claim as if no server had sent the command. The outbox then sends it again, whether or not the first
 * copy arrived.
 */
async function sendAgain({ server }: Stage, id: string): Promise<void> {
  const attempts = async () =>
    (await server.db.pool.query("select attempts from operation_claims where operation_id = $1", [id])).rows[0];
  const { rowCount } = await server.db.pool.query(
    "update operation_claims set attempts = 0, due_at = created_at where operation_id = $1 and deadline is not null",
    [id],
  );
  expect(rowCount).toBe(1);
  await vi.waitUntil(async () => (await attempts())?.attempts > 0, { interval: 10 });
}

/** The log can be downloaded, and contains no card number. */
async function sendsLogs(stage: Stage, device: SuiteDevice): Promise<void> {
  const { log_id, size, sha256 }: SendLogsResult = await stage.perform(device.id, "send_logs");
  const path = `/v1/admin/terminals/${device.id}/logs/${log_id}`;
  const { body: about } = await stage.call("GET", path);
  expect(about).toMatchObject({ size, sha256, device_serial_number: device.serial });
  const { status, body } = await stage.server.call<Buffer>("GET", `${path}/content`, stage.tenant);
  expect(status).toBe(200);
  expect(sha256Of(body)).toBe(sha256);
  const text = gunzipSync(body).toString("utf8");
  expect(text.length).toBeGreaterThan(0);
  expect(text).not.toMatch(cardNumber);
  // The agent masked a card number, so the check above can fail.
  expect(about.masked_count).toBeGreaterThan(0);
}

async function closesDay(stage: Stage, device: SuiteDevice): Promise<void> {
  const first: EndOfDayResult = await stage.perform(device.id, "end_of_day");
  const second: EndOfDayResult = await stage.perform(device.id, "end_of_day");
  expect(first.outcome).toBe("accepted");
  expect(second.start_of_day_at).toBe(first.last_end_of_day_at);
  expect(second.batch_id).not.toBe(first.batch_id);
}
