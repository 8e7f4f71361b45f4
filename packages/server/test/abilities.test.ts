import { randomUUID } from "node:crypto";
import { activeDevice, type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const base = "/v1/admin/terminals/operations";

describe("what a device can do", async () => {
  const { server, tenant } = await world();

  const send = ({ terminalId }: Device, operation: string, more: object = {}, headers = {}) =>
    server.call("POST", base, { ...tenant, body: { terminal_id: terminalId, operation, ...more }, headers });
  const terminalPath = ({ terminalId }: Device) => `/v1/accounts/${tenant.aid}/terminals/${terminalId}`;
  const shown = async (device: Device) => (await server.call("GET", terminalPath(device), tenant)).body.abilities;

  async function says(device: Device, abilities: object[] | undefined): Promise<void> {
    const before = device.received.filter(({ channel }) => channel === "welcome").length;
    await device.hello([], abilities && { abilities });
    await device.next("welcome", before);
  }

  async function refused(device: Device, id: string): Promise<void> {
    const what = { operation: "open_menu", status: "FAILED", reason: "unsupported" };
    const before = device.received.filter(({ channel }) => channel === "receipt").length;
    await device.say("result", { operation_id: id, ...what, finished_at: new Date().toISOString() });
    await device.next("receipt", before);
  }

  it("is shown as its last hello said it, and nothing is shown of one that says nothing", async () => {
    const device = await activeDevice(server, tenant, "391000000001");
    expect(await shown(device)).toBeUndefined();
    await says(device, [
      { operation: "open_menu", max_seconds: 7 },
      { operation: "dance", max_seconds: 3 },
      { operation: "check_update", later_version: true },
    ]);
    expect(await shown(device)).toEqual([{ operation: "check_update" }, { operation: "open_menu", max_seconds: 7 }]);
    await says(device, []);
    expect(await shown(device)).toEqual([]);
    await says(device, undefined);
    expect(await shown(device)).toBeUndefined();
    await device.leave();
  });

  it("is all that is sent to it: anything else is refused at once, and by whom it was accepted before is answered", async () => {
    const device = await activeDevice(server, tenant, "391000000002");
    const key = { "idempotency-key": randomUUID() };
    const { body: before } = await send(device, "open_menu", {}, key);
    await device.next("command");
    await says(device, [{ operation: "check_update" }, { operation: "end_of_day" }]);
    const answer = await send(device, "open_menu");
    expect(answer).toMatchObject({
      status: 409,
      body: {
        error: {
          code: "operation_unsupported",
          errors: [{ path: "/body/operation", supported: ["end_of_day", "check_update"] }],
        },
      },
    });
    expect(answer.headers.get("retry-after")).toBeNull();
    const again = await send(device, "open_menu", {}, key);
    expect([again.status, again.body.id]).toEqual([201, before.id]);
    await refused(device, before.id);
    const ended = await server.call("GET", `${base}/${before.id}`, tenant);
    expect(ended.body).toMatchObject({ status: "FAILED", reason: "unsupported" });
    expect((await send(device, "end_of_day")).status).toBe(201);
    await device.leave();
  });

  it("is the device's own: another one in its place can do all until it says otherwise", async () => {
    const device = await activeDevice(server, tenant, "391000000003");
    await says(device, [{ operation: "check_update" }]);
    expect((await send(device, "open_menu")).status).toBe(409);
    const credential = await server.call("POST", `${terminalPath(device)}/credentials`, tenant);
    expect(await shown(device)).toBeUndefined();
    const other = await enterAs(server, credential.body);
    const { status, body } = await send(other, "open_menu");
    expect(status).toBe(201);
    await says(other, [{ operation: "open_menu" }]);
    expect(await other.next("command")).toMatchObject({ operation_id: body.id });
    // Reports of a replaced device count for nothing.
    expect(await shown(other)).toEqual([{ operation: "open_menu" }]);
    await other.leave();
  });

  it("has the time that it says it may take, and the way there and back; a timeout counts as it is given", async () => {
    const device = await activeDevice(server, tenant, "391000000004");
    await says(device, [
      { operation: "open_menu", max_seconds: 240 },
      { operation: "check_update", max_seconds: 10 },
    ]);
    const windowOf = async (operation: string, more = {}) => {
      const { body, status } = await send(device, operation, more);
      expect(status).toBe(201);
      const { body: stored } = await server.call("GET", `${base}/${body.id}`, tenant);
      expect(stored.deadline).toBe(body.deadline);
      const sent = device.received.filter(({ channel }) => channel === "command").length;
      const command = await device.next("command", sent === 0 ? 0 : sent - 1);
      await refused(device, body.id);
      device.received.length = 0;
      expect(command).toMatchObject({ operation_id: body.id, expires_at: body.deadline });
      return (Date.parse(body.deadline) - Date.parse(body.phases.accepted)) / 1_000;
    };
    expect(await windowOf("open_menu")).toBe(250);
    expect(await windowOf("open_menu", { timeout: 30 })).toBe(30);
    expect(await windowOf("open_menu", { timeout: 300 })).toBe(300);
    // Never shorter than the default, and never longer than a request may name.
    for (const [most, seconds] of [
      [2, 15],
      [600, 600],
    ] as const) {
      await says(device, [{ operation: "open_menu", max_seconds: most }]);
      device.received.length = 0;
      expect(await windowOf("open_menu")).toBe(seconds);
    }
    await device.leave();
  });

  it("is rejected with its place where it is not understood, and counts for nothing then", async () => {
    const device = await activeDevice(server, tenant, "391000000005");
    await device.hello([], { abilities: [{ operation: "open_menu", max_seconds: 601 }] });
    const { errors } = await device.next("rejection");
    expect(errors).toMatchObject([{ path: "/abilities/0/max_seconds" }]);
    expect(await shown(device)).toBeUndefined();
    await device.leave();
  });

  it("does not keep a terminal from being deleted that cannot close its day", async () => {
    const device = await activeDevice(server, tenant, "391000000006");
    await says(device, [{ operation: "check_update" }]);
    expect((await server.call("DELETE", terminalPath(device), tenant)).status).toBe(200);
    const { body } = await server.call("GET", `${base}?terminal_id=${device.terminalId}`, tenant);
    expect(body.map(({ operation }: { operation: string }) => operation)).toEqual(["check_update"]);
    await device.leave();
  });
});
