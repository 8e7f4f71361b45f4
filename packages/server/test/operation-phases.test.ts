import { activeDevice, type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const base = "/v1/admin/terminals/operations";

/** D17 and docs/adr/0010-phases-cancelling-waiting.md. */
describe("the phases of an operation", async () => {
  const { server, tenant } = await world({ own: {} });
  const freshDevice = () => activeDevice(server, tenant);
  const get = async (id: string) => (await server.call("GET", `${base}/${id}`, tenant)).body;
  const send = async (device: Device, more: object = {}) => {
    const body = { terminal_id: device.terminalId, operation: "open_menu", timeout: 600, ...more };
    return (await server.call("POST", base, { ...tenant, body })).body;
  };
  /** The phases that an answer shows. */
  const wayOf = async (id: string) => {
    const { phase, phases } = await get(id);
    return { phase, told: Object.keys(phases) };
  };
  const at = () => new Date().toISOString();
  const expire = () => server.clock.advance(600_000);

  it("are told one by one, in order, and each only once", { tags: "replicas" }, async () => {
    const device = await freshDevice();
    const sent = await send(device);
    expect(sent).toMatchObject({ phase: "accepted", phases: { accepted: expect.any(String) } });
    await device.next("command");
    await expect.poll(() => wayOf(sent.id)).toEqual({ phase: "dispatched", told: ["accepted", "dispatched"] });
    await device.say("delivered", { operation_id: sent.id, received_at: at() });
    await expect.poll(async () => (await wayOf(sent.id)).phase).toBe("delivered");
    server.clock.advance(2_000);
    await device.say("started", { operation_id: sent.id, started_at: at() });
    await expect.poll(async () => (await wayOf(sent.id)).phase).toBe("started");
    const { phases: begun, updated_at: updated } = await get(sent.id);
    expect(updated).toBe(`${begun.started.slice(0, 19)}Z`);
    await device.say("started", { operation_id: sent.id, started_at: at() });
    await device.say("delivered", { operation_id: sent.id, received_at: at() });
    await device.openedMenu(sent.id);
    await device.next("receipt");
    const { phase, phases } = await get(sent.id);
    expect(phase).toBe("answered");
    expect(phases).toEqual({ ...begun, answered: expect.any(String) });
    const times = Object.values(phases as Record<string, string>);
    expect(times).toEqual(times.toSorted());
    await device.leave();
  });

  it("are known also when a result says all at once", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await device.next("command");
    await device.openedMenu(sent.id, { started_at: at() });
    await device.next("receipt");
    // With several servers, the sender may write that a moment after another one got the result.
    await expect
      .poll(() => wayOf(sent.id))
      .toEqual({ phase: "answered", told: ["accepted", "dispatched", "delivered", "started", "answered"] });
    await device.leave();
  });

  it("say why an operation timed out", async () => {
    const away = await freshDevice();
    await away.leave();
    const [deaf, waiting, busy] = [await freshDevice(), await freshDevice(), await freshDevice()];
    const ids: string[] = [];
    for (const device of [away, deaf, waiting, busy]) ids.push((await send(device)).id);
    for (const device of [deaf, waiting, busy]) await device.next("command");
    await waiting.say("delivered", { operation_id: ids[2], received_at: at() });
    await busy.say("started", { operation_id: ids[3], started_at: at() });
    const phases = async () => (await Promise.all(ids.map(wayOf))).map(({ phase }) => phase);
    await expect.poll(phases).toEqual(["accepted", "dispatched", "delivered", "started"]);
    expire();
    const ends = async () => (await Promise.all(ids.map(get))).map(({ status, reason }) => `${status} ${reason}`);
    await expect
      .poll(ends)
      .toEqual(["TIMEOUT unreachable", "TIMEOUT not_delivered", "TIMEOUT no_answer", "TIMEOUT no_answer"]);
    // The phases stay after the end.
    expect(await phases()).toEqual(["accepted", "dispatched", "delivered", "started"]);
    for (const device of [deaf, waiting, busy]) await device.leave();
  });

  it("are mended by a hello when the link took a report along", { tags: "replicas" }, async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await device.next("command");
    await device.hello([{ operation_id: sent.id, phase: "delivered" }]);
    await expect.poll(async () => (await wayOf(sent.id)).phase).toBe("delivered");
    await device.hello([{ operation_id: sent.id, phase: "started" }]);
    await expect.poll(async () => (await wayOf(sent.id)).phase).toBe("started");
    await device.leave();
  });

  it("do not let a terminal report for another one", async () => {
    const [device, thief] = [await freshDevice(), await freshDevice()];
    const sent = await send(device);
    await device.next("command");
    for (const channel of ["delivered", "started"] as const) {
      await thief.say(channel, { operation_id: sent.id, received_at: at(), started_at: at() });
    }
    await thief.say("cancel_refused", { operation_id: sent.id });
    // Messages are handled in order: when the welcome is here, the earlier ones have been handled.
    await thief.hello([{ operation_id: sent.id, phase: "started" }]);
    await thief.next("welcome");
    await expect.poll(async () => (await wayOf(sent.id)).phase).toBe("dispatched");
    await device.openedMenu(sent.id);
    await device.next("receipt");
    expect((await get(sent.id)).phases).not.toHaveProperty("started");
    await device.leave();
    await thief.leave();
  });

  it("carry when_busy to the terminal, and the answer shows it; one key with another wish is another request", async () => {
    const device = await freshDevice();
    const headers = { "idempotency-key": "0190f0a4-1c1b-7c4e-9d7e-000000000001" };
    const body = { terminal_id: device.terminalId, operation: "open_menu", when_busy: "wait" };
    const accepted = await server.call("POST", base, { ...tenant, headers, body });
    expect(accepted.body).toMatchObject({ when_busy: "wait" });
    expect(await device.next("command")).toMatchObject({ when_busy: "wait" });
    const replay = await server.call("POST", base, { ...tenant, headers, body });
    expect(replay.body).toEqual(accepted.body);
    const other = await server.call("POST", base, { ...tenant, headers, body: { ...body, when_busy: "fail" } });
    expect(other.status).toBe(422);
    const wrong = await server.call("POST", base, { ...tenant, body: { ...body, when_busy: "queue" } });
    expect(wrong).toMatchObject({ status: 400, body: { error: { errors: [{ path: "/body/when_busy" }] } } });
    await device.leave();
  });

  it("let a close of the day be sent to its device again and again until that has it", {
    tags: "replicas",
  }, async () => {
    const device = await freshDevice();
    const sent = await send(device, { operation: "end_of_day" });
    const command = await device.next("command");
    // The report has no effect: the outbox sends the command again, and so does each hello that does not name it.
    server.clock.advance(11_000);
    expect(await device.next("command", 1)).toEqual({ ...command, sent_at: expect.any(String) });
    await device.hello();
    expect(await device.next("command", 2)).toEqual({ ...command, sent_at: expect.any(String) });
    await device.hello([{ operation_id: sent.id, phase: "delivered" }]);
    await device.next("welcome", 1);
    await expect.poll(async () => (await wayOf(sent.id)).phase).toBe("delivered");
    // The device has this command, so it is not sent again; a command that a device lacks is.
    const other = await freshDevice();
    await send(other);
    await other.next("command");
    server.clock.advance(11_000);
    await other.next("command", 1);
    await other.leave();
    expect(device.received.filter(({ channel }) => channel === "command")).toHaveLength(3);
    // The device has lost it, and its hello says so: the command is sent again.
    await device.hello();
    expect(await device.next("command", 3)).toMatchObject({ operation_id: sent.id });
    await device.leave();
  });

  it("let a close of the day be sent at once to a device that has not had it yet", async () => {
    const device = await freshDevice();
    await device.leave();
    const sent = await send(device, { operation: "end_of_day" });
    const back = await enterAs(server, device);
    await back.hello();
    expect(await back.next("command")).toMatchObject({ operation_id: sent.id });
    await back.leave();
  });
});
