import {
  activeDevice,
  connectMqtt,
  type Device,
  type Entry,
  enterAs,
  registerDevice,
} from "@tillkeeper/stage/devices/device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { closedDay } from "./support/day.ts";

const operations = "/v1/admin/terminals/operations";

/** D11 and docs/adr/0007-deleting-a-terminal.md. */
describe("delete terminal", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const path = `/v1/accounts/${aid}/terminals`;
  const next = nextSerial;
  const remove = (id: string, by = tenant) => server.call("DELETE", `/v1/accounts/${by.aid}/terminals/${id}`, by);
  const operationsOf = async (id: string) =>
    (await server.call("GET", `${operations}?terminal_id=${id}`, tenant)).body as Record<string, string>[];
  const send = async (id: string, operation: string, more: object = {}) =>
    server.call("POST", operations, { ...tenant, body: { terminal_id: id, operation, ...more } });
  const rows = (table: "operation_claims" | "terminal_credentials", id: string) =>
    server.db.sql.selectFrom(table).selectAll().where("terminal_id", "=", id).execute();
  const closed = (device: Device) => new Promise<void>((resolve) => device.client.once("close", () => resolve()));
  const logIn = ({ address, password }: Entry) => connectMqtt(server, address, password, `${address}:again`);
  const comeBack = (device: Entry) => enterAs(server, device, `${device.address}:again`);
  await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S312" } });

  it("tells a connected terminal to close its day first, and ends its credential with that", async () => {
    const device = await activeDevice(server, tenant, next());
    const answer = await remove(device.terminalId);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        terminal_id: device.terminalId,
        status: "DELETED",
        deleted_by: tenant.clientId,
        deleted_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    });
    expect((await server.call("GET", `${path}/${device.terminalId}`, tenant)).body).toEqual(answer.body);
    const command = await device.next("command");
    expect(command).toMatchObject({ operation: "end_of_day" });
    expect((await operationsOf(device.terminalId))[0]).toMatchObject({
      id: command["operation_id"],
      operation: "end_of_day",
      status: "PENDING",
      created_by: tenant.clientId,
    });

    // The link fails: the device may come back, to end this one operation.
    await device.leave();
    const again = await comeBack(device);
    const end = closed(again);
    await again.hello();
    expect(await again.next("command")).toMatchObject({ operation_id: command["operation_id"] });
    await again.say("result", closedDay(command["operation_id"]));
    expect(await again.next("receipt")).toMatchObject({ status: "COMPLETED" });
    await expect(logIn(device)).rejects.toThrow();
    await end;
    expect((await operationsOf(device.terminalId))[0]).toMatchObject({
      status: "COMPLETED",
      result: { batch_id: "B1" },
    });
    await expect.poll(() => rows("terminal_credentials", device.terminalId)).toEqual([]);
    expect(await rows("operation_claims", device.terminalId)).toEqual([]);
    expect((await server.call("GET", `${path}/${device.terminalId}`, tenant)).body).toEqual(answer.body);
  });

  it("ends the credential of a terminal that never answers when the time for it is up, also over a restart", async () => {
    const device = await activeDevice(server, tenant, next());
    await remove(device.terminalId);
    await device.next("command");
    await device.leave();
    await server.restart();
    const again = await logIn(device);
    const end = new Promise<void>((resolve) => again.once("close", () => resolve()));
    server.clock.advance(180_000);
    await end;
    await again.endAsync(true);
    expect((await operationsOf(device.terminalId))[0]).toMatchObject({ operation: "end_of_day", status: "TIMEOUT" });
    await expect(logIn(device)).rejects.toThrow();
    expect(await rows("operation_claims", device.terminalId)).toEqual([]);
  });

  it("ends the credential of a disconnected terminal at once, and nothing stays queued for it", async () => {
    const device = await activeDevice(server, tenant, next());
    await device.leave();
    await expect.poll(async () => (await send(device.terminalId, "open_menu")).status).not.toBe(503);
    expect(await rows("operation_claims", device.terminalId)).toHaveLength(1);
    const gone = await remove(device.terminalId);
    expect(gone.body).toMatchObject({ status: "DELETED" });
    expect(await rows("operation_claims", device.terminalId)).toEqual([]);
    expect(await rows("terminal_credentials", device.terminalId)).toEqual([]);
    await expect(logIn(device)).rejects.toThrow();
    const list = await operationsOf(device.terminalId);
    expect(list.map((row) => row["operation"])).toEqual(["open_menu", "check_update"]);
    expect(list[0]).toMatchObject({ status: "FAILED", reason: "cancelled", updated_by: tenant.clientId });
  });

  it("does not call an end_of_day cancelled that went out to a device which is away now", {
    tags: "replicas",
  }, async () => {
    const device = await activeDevice(server, tenant, next());
    const { body: sent } = await send(device.terminalId, "end_of_day");
    await device.next("command");
    await device.leave();
    await expect.poll(async () => (await remove(device.terminalId)).status).toBe(200);
    expect((await operationsOf(device.terminalId))[0]).toMatchObject({ id: sent.id, status: "PENDING" });
    const back = await comeBack(device);
    await back.say("result", closedDay(sent.id));
    expect(await back.next("receipt")).toMatchObject({ status: "COMPLETED" });
    await back.leave();
  });

  it("lets a live operation run to its end instead, and one that a disconnected device has begun, too", async () => {
    const device = await activeDevice(server, tenant, next());
    const { body: live } = await send(device.terminalId, "open_menu");
    await device.next("command");
    await remove(device.terminalId);
    expect((await operationsOf(device.terminalId)).map((row) => row["operation"])).toEqual([
      "open_menu",
      "check_update",
    ]);
    const end = closed(device);
    await device.openedMenu(live.id);
    await end;
    expect((await operationsOf(device.terminalId))[0]).toMatchObject({ id: live.id, status: "COMPLETED" });

    const away = await activeDevice(server, tenant, next());
    const { body: begun } = await send(away.terminalId, "end_of_day");
    await away.next("command");
    await away.say("started", { operation_id: begun.id, started_at: new Date().toISOString() });
    const phase = () => server.call("GET", `${operations}/${begun.id}`, tenant).then((answer) => answer.body.phase);
    await expect.poll(phase).toBe("started");
    await away.leave();
    await remove(away.terminalId);
    const back = await comeBack(away);
    await back.say("result", closedDay(begun.id));
    expect(await back.next("receipt")).toMatchObject({ status: "COMPLETED" });
    await expect.poll(() => rows("terminal_credentials", away.terminalId)).toEqual([]);
    await back.leave();
  });

  it("sends no end_of_day where none is allowed, and ends the connection at once", async () => {
    for (const greets of [false, true]) {
      const device = await registerDevice(server, tenant, next());
      if (greets) {
        await device.hello();
        await device.next("welcome");
      }
      const end = closed(device);
      expect((await remove(device.terminalId)).status).toBe(200);
      await end;
      await expect(logIn(device)).rejects.toThrow();
      expect(await operationsOf(device.terminalId)).toEqual([]);
    }
  });

  it("frees the serial number, but never the terminal's number; the new terminal is another one", async () => {
    const device = await registerDevice(server, tenant, "244444444444");
    await remove(device.terminalId);
    const body = { device_serial_number: "244444444444", store_id: "S312" };
    const again = await server.call("POST", path, { ...tenant, body });
    expect(again.status).toBe(201);
    const number = (id: string) => Number(id.split("-T")[1]);
    expect(number(again.body.terminal_id)).toBe(number(device.terminalId) + 1);
    expect((await server.call("POST", path, { ...tenant, body })).body.error.code).toBe("serial_number_taken");
    await expect(logIn(device)).rejects.toThrow();
  });

  it("happens once: of many simultaneous requests one answers 200, the others and all later ones 404", {
    tags: "replicas",
  }, async () => {
    const device = await activeDevice(server, tenant, next());
    const answers = await Promise.all(Array.from({ length: 8 }, () => remove(device.terminalId)));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array.from({ length: 7 }, () => 404),
    ]);
    expect(await remove(device.terminalId)).toMatchObject({
      status: 404,
      body: { error: { code: "terminal_not_found" } },
    });
    expect((await operationsOf(device.terminalId)).filter((row) => row["operation"] === "end_of_day")).toHaveLength(1);
    const log = await server.db.sql
      .selectFrom("audit_log")
      .selectAll()
      .where("subject_id", "=", device.terminalId)
      .where("action", "=", "terminal.delete")
      .execute();
    expect(log).toHaveLength(1);
    expect(JSON.parse(log[0]?.entry as string)).toMatchObject({
      actor: tenant.clientId,
      before: { status: "ACTIVE" },
      after: { status: "DELETED", deleted_by: tenant.clientId },
    });
    await device.leave();
  });

  it("looks to another account as if the terminal did not exist, and sends it nothing", async () => {
    const device = await activeDevice(server, tenant, next());
    const foreign = await server.account();
    const unknown = await remove(`${aid}-T9999`);
    expect(await remove(device.terminalId, foreign)).toMatchObject({ status: 404, body: unknown.body });
    expect((await operationsOf(device.terminalId)).map((row) => row["operation"])).toEqual(["check_update"]);
    expect((await server.call("GET", `${path}/${device.terminalId}`, tenant)).body).toMatchObject({ status: "ACTIVE" });
    await device.leave();
  });

  it("leaves nothing to do for what was deleted: no operation, no credential, no change", async () => {
    const device = await registerDevice(server, tenant, next());
    await remove(device.terminalId);
    expect(await send(device.terminalId, "check_update")).toMatchObject({ status: 404 });
    const credential = await server.call("POST", `${path}/${device.terminalId}/credentials`, tenant);
    expect(credential).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
  });
});

describe("delete a virtual terminal", () => {
  it("stops it, after it has closed its day where it really runs", async () => {
    const events: string[] = [];
    const server = await startTestServer({
      virtualTerminalHost: {
        start: (spec) => void events.push(`start ${spec.terminalId}`),
        stop: (terminalId) => void events.push(`stop ${terminalId}`),
      },
    });
    const tenant = await server.account();
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const body = { device_serial_number: `SIMULATED-${tenant.aid}-001`, store_id: "S312" };
    const path = `/v1/accounts/${tenant.aid}/terminals`;
    const { terminal_id: id } = (await server.call("POST", path, { ...tenant, body })).body;
    await expect.poll(() => events).toEqual([`start ${id}`]);
    expect((await server.call("DELETE", `${path}/${id}`, tenant)).body).toMatchObject({ status: "DELETED" });
    await expect.poll(() => events).toEqual([`start ${id}`, `stop ${id}`]);
    await server.stop();
  });
});
