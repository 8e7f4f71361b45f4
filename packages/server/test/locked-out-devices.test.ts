import { randomBytes } from "node:crypto";
import { activeDevice, type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createDurations } from "../src/operations/durations.ts";
import { createOrigins } from "../src/operations/reports/origin.ts";
import { createReports } from "../src/operations/reports/reports.ts";
import { createMetrics } from "../src/watching/metrics.ts";
import { PresentDevice } from "./support/presence.ts";

/** The other server learns of it a moment later: until then the connection stands, and its messages are accepted. */
describe("a device that another server has locked out", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const operations = "/v1/admin/terminals/operations";
  let other: TestServer;
  beforeAll(async () => {
    other = await startTestServer({ database: server.database });
  });

  const terminal = async (id: string, below = "") =>
    (await server.call("GET", `/v1/accounts/${aid}/terminals/${id}${below}`, tenant)).body;
  const operation = async (id: string) => (await server.call("GET", `${operations}/${id}`, tenant)).body;
  const send = async (id: string, what: string) => {
    const body = { terminal_id: id, operation: what, timeout: 600 };
    return (await server.call("POST", operations, { ...tenant, body })).body;
  };
  /** An active device at the other server that has said hello. */
  const greeted = async (serial: string) => {
    const { client, ...entry } = await activeDevice(other, tenant, serial);
    await client.endAsync();
    const device = await PresentDevice.connect(other, entry);
    await device.greet();
    device.received.length = 0;
    return device;
  };
  const updated = (operation_id: string) => ({
    operation_id,
    operation: "check_update" as const,
    status: "COMPLETED" as const,
    result: { current_version: "1", latest_version: "2", update_available: true, configuration_version: "9" },
  });
  const replace = ({ terminalId }: Device) =>
    server.call("POST", `/v1/accounts/${aid}/terminals/${terminalId}/credentials`, tenant);
  /** A replaced device as the gateway identifies it. */
  const was = ({ terminalId, address }: Device) => ({ accountId: aid, terminalId, address });
  const reports = () =>
    createReports({
      ...server,
      durations: createDurations(server),
      origins: createOrigins(randomBytes(32)),
      watch: createMetrics(),
    });
  const badNews = { fault: { code: "tamper_detected" }, telemetry: { printer: "no_paper" } };

  it("speaks for the terminal no more, whatever it says, and is greeted by nobody", async () => {
    const swapped = await greeted("LOCKED-1");
    const renewed = await greeted("LOCKED-2");
    const asked = await send(renewed.terminalId, "check_update");
    await renewed.next("command");
    const path = (device: Device, end: string) => `/v1/accounts/${aid}/terminals/${device.terminalId}/${end}`;
    const swap = { ...tenant, body: { device_serial_number: "LOCKED-1-NEW" } };
    expect((await server.call("POST", path(swapped, "device"), swap)).body).toMatchObject({ status: "PENDING" });
    const heardAt = async (device: Device) => (await terminal(device.terminalId, "/presence")).last_heard_at;
    // Little time may pass from here until they speak: the other server is to have their connections still.
    const [{ body: credential }, ...before] = await Promise.all([
      server.call("POST", path(renewed, "credentials"), tenant),
      ...[swapped, renewed].map(heardAt),
    ]);
    for (const each of [server, other]) each.clock.advance(5_000);

    // The other server may have closed the connections already, so the messages may fail.
    const said = await Promise.allSettled([
      swapped.hello(),
      swapped.beat(badNews),
      swapped.beat(),
      renewed.beat(),
      renewed.beat(badNews),
      renewed.hello([{ operation_id: asked.id, phase: "started" }]),
    ]);
    expect(said.filter(({ status }) => status === "fulfilled")).not.toEqual([]);
    const gone = () => !swapped.client.connected && !renewed.client.connected;
    await vi.waitUntil(gone);
    // By then it has written all that it heard.
    await other.stop();

    const answers = [...swapped.received, ...renewed.received].map(({ channel }) => channel);
    expect(answers).not.toContain("welcome");
    expect(await terminal(swapped.terminalId)).toMatchObject({ status: "PENDING" });
    expect(await send(swapped.terminalId, "open_menu")).toMatchObject({ error: { code: "operation_not_allowed" } });
    expect(await terminal(renewed.terminalId)).toMatchObject({ status: "ACTIVE" });
    expect(await Promise.all([swapped, renewed].map(heardAt))).toEqual(before);
    for (const { terminalId } of [swapped, renewed]) {
      expect(await terminal(terminalId, "/presence")).not.toHaveProperty("fault");
      expect((await terminal(terminalId, "/telemetry")).telemetry).toEqual({});
    }
    expect(await operation(asked.id)).toMatchObject({ status: "PENDING", phase: "dispatched" });

    const next = await PresentDevice.connect(server, credential);
    await next.greet();
    expect(await next.next("command")).toMatchObject({ operation_id: asked.id });
    await next.say("result", { ...updated(asked.id), finished_at: new Date().toISOString() });
    expect(await next.next("receipt")).toMatchObject({ operation_id: asked.id, status: "COMPLETED" });
    await next.leave();
  });

  it("does not refuse to give up in the next one's place, but where it was sent the close of its day", async () => {
    const cancellation = { requested_at: expect.any(String), requested_by: tenant.clientId };
    for (const [what, seen] of [
      ["open_menu", cancellation],
      ["end_of_day", { ...cancellation, refused_at: expect.any(String) }],
    ] as const) {
      const device = await activeDevice(server, tenant, `LOCKED-REFUSES-${what.replaceAll("_", "-")}`);
      const sent = await send(device.terminalId, what);
      await device.say("started", { operation_id: sent.id, started_at: new Date().toISOString() });
      await vi.waitUntil(async () => (await operation(sent.id)).phase === "started");
      await replace(device);
      await server.call("POST", `${operations}/${sent.id}/cancel`, tenant);
      await reports().cancelRefused(was(device), { operation_id: sent.id });
      expect((await operation(sent.id)).cancellation).toEqual(seen);
      await device.leave();
    }
  });

  it("tells how its operation ended, which counts; nothing is learned of the device that the terminal is now", async () => {
    const device = await registerDevice(server, tenant, "LOCKED-TELLS");
    const { terminalId } = device;
    await device.hello();
    await device.next("welcome");
    const sent = await send(terminalId, "check_update");
    await device.next("command");
    await replace(device);
    const result = { ...updated(sent.id), finished_at: new Date().toISOString() };
    expect(await reports().finished(was(device), result)).toMatchObject({ status: "COMPLETED" });
    expect(await operation(sent.id)).toMatchObject({ status: "COMPLETED", result: updated(sent.id).result });
    expect(await terminal(terminalId)).toMatchObject({ status: "ACTION_REQUIRED", status_reason: "CHECK_UPDATE" });
    expect((await terminal(terminalId, "/configuration")).reported).toBeNull();

    const { body: credential } = await replace(device);
    const next = await send(terminalId, "check_update");
    const again = { ...updated(next.id), finished_at: new Date().toISOString() };
    expect(await reports().finished({ ...was(device), address: credential.address }, again)).toMatchObject({
      status: "COMPLETED",
    });
    expect(await terminal(terminalId)).toMatchObject({ status: "ACTIVE" });
    expect((await terminal(terminalId, "/configuration")).reported).toMatchObject({ software_version: "1" });
    await device.leave();
  });
});
