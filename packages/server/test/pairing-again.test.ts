// @module-tag replicas: any server may send what only the former device was to get.

import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { activeDevice, type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { PairingDevice } from "@tillkeeper/stage/devices/pairing-device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { closedDay } from "./support/day.ts";
import { PresentDevice, watcher } from "./support/presence.ts";

const base = "/v1/admin/terminals/operations";

/** docs/adr/0025-device-addresses.md: an end_of_day is for the device that the terminal had when it was accepted. */
describe("a terminal that becomes another device while it has something to do", async () => {
  const { server, tenant, aid } = await world({ own: {} });

  const call = async (method: string, path: string, body?: object) =>
    (await server.call(method, path, { ...tenant, ...(body && { body }) })).body;
  const send = (id: string, operation: string) => call("POST", base, { terminal_id: id, operation });
  const get = (id: string) => call("GET", `${base}/${id}`);
  const terminal = (id: string) => `/v1/accounts/${aid}/terminals/${id}`;
  const pair = async (serial: string, code: string) => {
    const { body } = await (await PairingDevice.make(serial)).pair(server, code);
    return enterAs(server, { address: body.address, password: body.mqtt_password });
  };
  const pairAgain = async (id: string, serial: string) =>
    pair(serial, (await call("POST", `${terminal(id)}/pairing-codes`, {})).code);
  const newPassword = async (id: string) => enterAs(server, await call("POST", `${terminal(id)}/credentials`));
  const swap = async (id: string, serial: string) => {
    const body = { device_serial_number: `${serial}-NEW` };
    const { pairing } = await call("POST", `${terminal(id)}/device`, body);
    return pair(`${serial}-NEW`, pairing.code);
  };
  const ways = [
    ["paired again", "AGAIN-PAIRED", pairAgain],
    ["given a password", "AGAIN-PASSWORD", newPassword],
  ] as const;
  const commands = (device: Device) =>
    device.received
      .filter(({ channel }) => channel !== "welcome")
      .map(({ channel, message }) => `${channel} ${String(message["operation"])}`);

  /** The next message on the connection shows that no command came before it. */
  async function isNeverTold(fresh: Device, sentId: string, reason: unknown): Promise<void> {
    for (const times of [0, 1, 2]) {
      await fresh.hello();
      await fresh.next("welcome", times);
      server.clock.advance(20_000);
    }
    server.clock.advance(200_000);
    await expect.poll(() => get(sentId)).toMatchObject({ status: "TIMEOUT", reason });
    await send(fresh.terminalId, "open_menu");
    await fresh.next("command");
    expect(commands(fresh)).toEqual(["command open_menu"]);
  }

  it.each(ways)("is not sent the end_of_day that the device before was sent, when it is %s", async (_, serial, way) => {
    const old = await activeDevice(server, tenant, `${serial}-1`);
    const { id } = await send(old.terminalId, "end_of_day");
    await old.next("command");
    const fresh = await way(old.terminalId, `${serial}-1`);
    expect(fresh.terminalId).toBe(old.terminalId);
    expect(fresh.address).not.toBe(old.address);
    const late = await server.call("POST", "/v1/device/messages", {
      headers: { authorization: basic(old.address, old.password) },
      body: { session: "old", messages: [{ channel: "result", message: closedDay(id) }] },
    });
    expect(late.status).toBe(401);
    // Only the device that has the operation is sent the cancel.
    expect(await call("POST", `${base}/${id}/cancel`)).toMatchObject({ status: "PENDING" });
    await isNeverTold(fresh, id, "no_answer");
    expect(await get(id)).not.toHaveProperty("late_result");
    await fresh.leave();
    await old.leave();
  });

  it.each(ways)("nor one that never went out, when it is %s", async (_, serial, way) => {
    const active = await activeDevice(server, tenant, `${serial}-2`);
    await active.leave();
    // It is known to be away as soon as its last will is heard.
    const old = await PresentDevice.connect(server, active);
    await old.greet();
    old.cut();
    await watcher(server, tenant).until(old.terminalId, "late");
    const { id } = await send(old.terminalId, "end_of_day");
    const fresh = await way(old.terminalId, `${serial}-2`);
    // An outside broker accepts every message, so the former device may have it.
    await isNeverTold(fresh, id, expect.stringMatching(/^(unreachable|no_answer)$/));
    await fresh.leave();
  });

  it("nor when it is other hardware, whose place is free only once the operation has ended", async () => {
    const serial = "AGAIN-SWAPPED";
    const old = await activeDevice(server, tenant, serial);
    const { id } = await send(old.terminalId, "end_of_day");
    await old.next("command");
    await old.leave();
    const body = { device_serial_number: `${serial}-NEW` };
    const refused = await server.call("POST", `${terminal(old.terminalId)}/device`, { ...tenant, body });
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "operation_pending" } } });
    server.clock.advance(200_000);
    await expect.poll(() => get(id)).toMatchObject({ status: "TIMEOUT" });
    const fresh = await swap(old.terminalId, serial);
    await fresh.hello();
    await fresh.next("welcome");
    await send(fresh.terminalId, "check_update");
    await fresh.next("command");
    expect(commands(fresh)).toEqual(["command check_update"]);
    await fresh.leave();
  });

  it.each(ways)("is sent what may be done twice, when it is %s", async (_, serial, way) => {
    const old = await activeDevice(server, tenant, `${serial}-3`);
    const { id } = await send(old.terminalId, "open_menu");
    await old.next("command");
    const fresh = await way(old.terminalId, `${serial}-3`);
    await fresh.hello();
    expect(await fresh.next("command")).toMatchObject({ operation_id: id, operation: "open_menu" });
    await fresh.openedMenu(id);
    expect(await fresh.next("receipt")).toMatchObject({ operation_id: id, status: "COMPLETED" });
    await fresh.leave();
    await old.leave();
  });

  it("may still tell how it ended: the device may be the same one with its journal", async () => {
    const old = await activeDevice(server, tenant, "AGAIN-SAME");
    const { id } = await send(old.terminalId, "end_of_day");
    await old.next("command");
    const same = await pairAgain(old.terminalId, "AGAIN-SAME");
    await same.hello([{ operation_id: id, phase: "started" }]);
    await expect.poll(() => get(id)).toMatchObject({ phase: "started" });
    await same.say("result", closedDay(id));
    expect(await same.next("receipt")).toMatchObject({ operation_id: id, status: "COMPLETED" });
    expect(await get(id)).toMatchObject({ status: "COMPLETED", result: { batch_id: "B1" } });
    await same.leave();
    await old.leave();
  });

  it("has a higher number each time, also over a swap and by a clock that was put back", async () => {
    const serial = "AGAIN-NUMBERS";
    const first = await activeDevice(server, tenant, serial);
    const { terminalId: id } = first;
    const numberOf = ({ address }: Device) => Number(address.split("-D")[1]);
    const devices: Device[] = [first, await newPassword(id), await pairAgain(id, serial)];
    server.clock.advance(-3_600_000);
    devices.push(await swap(id, serial), await newPassword(id));
    server.clock.advance(3_600_000);
    devices.push(await pairAgain(id, `${serial}-NEW`));
    const numbers = devices.map(numberOf);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    const minute = Math.floor((server.clock.now().getTime() - Date.UTC(2020, 0, 1)) / 60_000);
    expect(numbers.at(-1)).toBeGreaterThanOrEqual(minute);
    expect(devices.map(({ address }) => readDeviceAddress(address)?.terminalId)).toEqual(devices.map(() => id));
    await vi.waitUntil(() => devices.slice(0, -1).every(({ client }) => !client.connected));
    await Promise.all(devices.map((device) => device.leave()));
  });
});
