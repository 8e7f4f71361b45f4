import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";
import { expect } from "vitest";

export const base = "/v1/admin/terminals/operations";
export const figures = {
  start_of_day_at: "2026-06-29T06:00:00.000Z",
  last_end_of_day_at: "2026-06-29T22:00:00.000Z",
  purchases_count: 3,
  purchases_amount: 30_000,
  reversals_count: 1,
  reversals_amount: 5_000,
  sale_amount: 24_000,
  tip_amount: 1_000,
  currency: "NOK",
};

/** Helpers for the messages about closes between devices and their server. Each device is a new one. */
export function memoryWords(given: () => { server: SharedServer; tenant: Tenant }) {
  const freshDevice = () => activeDevice(given().server, given().tenant);
  const get = async (id: string) => (await given().server.call("GET", `${base}/${id}`, given().tenant)).body;
  const order = (device: Device, more: object = {}, headers: Record<string, string> = {}) =>
    given().server.call("POST", base, {
      ...given().tenant,
      headers,
      body: { terminal_id: device.terminalId, operation: "end_of_day", timeout: 600, ...more },
    });
  const send = async (device: Device, more: object = {}) => (await order(device, more)).body;
  const at = () => new Date().toISOString();
  const close = (operation_id: string, number: number, more: object = {}) => ({
    number,
    operation_id,
    operation: "end_of_day",
    status: "COMPLETED",
    started_at: at(),
    finished_at: at(),
    result: { outcome: "accepted", batch_id: `00000${number}`, ...figures },
    ...more,
  });
  /** Sends a result, and returns the next message to the device on the channel. */
  const answer = async (device: Device, message: object, channel = "receipt") => {
    const before = device.received.filter((entry) => entry.channel === channel).length;
    await device.say("result", message);
    return device.next(channel, before);
  };
  const commandOf = async (device: Device, id: string) => {
    await expect
      .poll(() =>
        device.received.filter(({ channel, message }) => channel === "command" && message["operation_id"] === id),
      )
      .not.toEqual([]);
    return device.received.find(({ channel, message }) => channel === "command" && message["operation_id"] === id)
      ?.message as Record<string, unknown>;
  };
  /** Deletes an operation, as if the database had been restored to a moment before it. */
  const lose = async (id: string) => {
    await given().server.db.pool.query("delete from operations where id = $1", [id]);
    await given().server.db.pool.query("delete from operation_claims where operation_id = $1", [id]);
  };
  return { at, freshDevice, get, order, send, close, answer, commandOf, lose };
}
