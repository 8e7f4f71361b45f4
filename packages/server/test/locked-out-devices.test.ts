import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { activeDevice, type Device } from "./support/device.ts";
import { PresentDevice } from "./support/presence.ts";
import { startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

/** The other server learns of it a moment later: until then the connection stands, and what comes by it is taken. */
describe("a device that another server has locked out", () => {
  const aid = "T64000003";
  const operations = "/v1/admin/terminals/operations";
  let server: TestServer;
  let other: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    server = await startTestServer();
    tenant = await server.account(aid);
    other = await startTestServer({ database: server.database });
  });
  afterAll(() => server.stop());

  const terminal = async (id: string, below = "") =>
    (await server.call("GET", `/v1/accounts/${aid}/terminals/${id}${below}`, tenant)).body;
  const operation = async (id: string) => (await server.call("GET", `${operations}/${id}`, tenant)).body;
  const send = async (id: string, what: string) => {
    const body = { terminal_id: id, operation: what, timeout: 600 };
    return (await server.call("POST", operations, { ...tenant, body })).body;
  };
  /** An active device at the other server, which has told its name. */
  const greeted = async (serial: string) => {
    const { client, ...entry } = await activeDevice(other, tenant, serial);
    await client.endAsync();
    const device = await PresentDevice.connect(other, entry);
    await device.greet();
    device.received.length = 0;
    return device;
  };
  const badNews = { fault: { code: "tamper_detected" }, telemetry: { printer: "no_paper" } };

  it("speaks for the terminal no more, and is greeted by nobody; how its operation ended counts for that alone", async () => {
    const swapped = await greeted("LOCKED-1");
    const renewed = await greeted("LOCKED-2");
    const asked = await send(renewed.terminalId, "check_update");
    await renewed.next("command");
    const path = (device: Device, end: string) => `/v1/accounts/${aid}/terminals/${device.terminalId}/${end}`;
    const swap = { ...tenant, body: { device_serial_number: "LOCKED-1-NEW" } };
    expect((await server.call("POST", path(swapped, "device"), swap)).body).toMatchObject({ status: "PENDING" });
    const credential = (await server.call("POST", path(renewed, "credentials"), tenant)).body;

    const at = new Date().toISOString();
    const update = { current_version: "1", latest_version: "2", update_available: true, configuration_version: "9" };
    const done = { operation_id: asked.id, operation: "check_update", status: "COMPLETED", finished_at: at };
    // The other server may have sent them away already: then there is nobody to say it.
    const said = await Promise.allSettled([
      swapped.hello(),
      swapped.beat(badNews),
      renewed.beat(badNews),
      renewed.hello([{ operation_id: asked.id, phase: "started" }]),
      renewed.say("started", { operation_id: asked.id, started_at: at }),
      renewed.say("result", { ...done, result: update }),
    ]);
    expect(said.filter(({ status }) => status === "fulfilled")).not.toEqual([]);
    const gone = () => !swapped.client.connected && !renewed.client.connected;
    await vi.waitUntil(gone);
    // What it has heard is written by then.
    await other.stop();

    const answers = [...swapped.received, ...renewed.received].map(({ channel }) => channel);
    expect(answers).not.toContain("welcome");
    expect(await terminal(swapped.terminalId)).toMatchObject({ status: "PENDING" });
    expect(await send(swapped.terminalId, "open_menu")).toMatchObject({ error: { code: "operation_not_allowed" } });
    expect(await terminal(renewed.terminalId)).toMatchObject({ status: "ACTIVE" });
    for (const { terminalId } of [swapped, renewed]) {
      expect(await terminal(terminalId, "/presence")).not.toHaveProperty("fault");
      expect((await terminal(terminalId, "/telemetry")).telemetry).toEqual({});
    }
    expect(await operation(asked.id)).toMatchObject({ status: "PENDING", phase: "dispatched" });

    const next = await PresentDevice.connect(server, credential);
    await next.greet();
    // What it was asked is done; what it runs itself nobody has said yet.
    expect(next.received.filter(({ channel }) => channel === "command")).toEqual([]);
    await next.leave();
  });

  it("does not refuse to give up in the next one's place, nor answers for it", async () => {
    const third = await startTestServer({ database: server.database });
    const old = await activeDevice(third, tenant, "LOCKED-3");
    const { terminalId } = old;
    const sent = await send(terminalId, "open_menu");
    await old.say("started", { operation_id: sent.id, started_at: new Date().toISOString() });
    await vi.waitUntil(async () => (await operation(sent.id)).phase === "started");
    await server.call("POST", `/v1/accounts/${aid}/terminals/${terminalId}/credentials`, tenant);
    await server.call("POST", `${operations}/${sent.id}/cancel`, tenant);
    await old.say("cancel_refused", { operation_id: sent.id }).catch(() => undefined);
    await vi.waitUntil(() => !old.client.connected);
    await third.stop();
    expect((await operation(sent.id)).cancellation).toEqual({
      requested_at: expect.any(String),
      requested_by: tenant.clientId,
    });
  });
});
