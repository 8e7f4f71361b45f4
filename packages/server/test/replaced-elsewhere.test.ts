import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { activeDevice, connectMqtt, Device } from "./support/device.ts";
import { PairingDevice } from "./support/pairing-device.ts";
import { basic, startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

const base = "/v1/admin/terminals/operations";

/** docs/adr/0014-pairing-and-device-tokens.md: the server that has the device before learns of it seconds later. */
describe("a terminal whose credential is replaced through another server", () => {
  let here: TestServer;
  let there: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    here = await startTestServer();
    there = await startTestServer({ database: here.database });
    tenant = await here.account("T69200001");
  });
  afterAll(async () => {
    await there.stop();
    await here.stop();
  });

  async function replaced(id: string): Promise<Device> {
    const { body } = await there.call("POST", `/v1/accounts/${tenant.aid}/terminals/${id}/credentials`, tenant);
    const device = new Device(id, await connectMqtt(there, id, body.password));
    onTestFinished(() => device.leave());
    await device.client.subscribeAsync(`tillkeeper/v1/${id}/+`, { qos: 1 });
    return device;
  }
  const closeDay = async (id: string): Promise<{ id: string }> =>
    (await here.call("POST", base, { ...tenant, body: { terminal_id: id, operation: "end_of_day" } })).body;

  /** The command comes at once, or when the device has said that it does not know it. */
  async function isSentTo(device: Device, operationId: string): Promise<void> {
    await device.hello();
    const about = () => device.received.find(({ channel }) => ["command", "inquiry"].includes(channel));
    await vi.waitUntil(about, { interval: 5 });
    const first = about();
    if (first?.channel === "inquiry") await device.hello([], first.message);
    expect(await device.next("command")).toMatchObject({ operation_id: operationId });
  }

  it("does not close the day at the device before, which is still connected, but at the next", async () => {
    const old = await activeDevice(here, tenant, "ELSEWHERE-MQTT");
    const fresh = await replaced(old.terminalId);
    const { id } = await closeDay(old.terminalId);
    await isSentTo(fresh, id);
    await vi.waitUntil(() => !old.client.connected);
    expect(old.received).toEqual([]);
    await old.leave();
  });

  it("does not either in the moment before the device before is sent away", async () => {
    const old = await activeDevice(here, tenant, "ELSEWHERE-PAIRED");
    const id = old.terminalId;
    const codes = `/v1/accounts/${tenant.aid}/terminals/${id}/pairing-codes`;
    const { code } = (await here.call("POST", codes, { ...tenant, body: {} })).body;
    const credential = here.db.sql
      .selectFrom("terminal_credentials")
      .select("admitted_at")
      .where("terminal_id", "=", id);
    const paired = credential.where("public_key", "is not", null);
    const device = await PairingDevice.make("ELSEWHERE-PAIRED");
    const pairing = device.pair(here, code);
    // From the very commit on.
    const first = await vi.waitUntil(async () => (await paired.execute())[0], { interval: 1 });
    expect(first.admitted_at).not.toBeNull();
    const operation = await closeDay(id);
    const { mqtt_password: password } = (await pairing).body;
    const fresh = new Device(id, await connectMqtt(here, id, password));
    onTestFinished(() => fresh.leave());
    await fresh.client.subscribeAsync(`tillkeeper/v1/${id}/+`, { qos: 1 });
    await isSentTo(fresh, operation.id);
    expect(old.received).toEqual([]);
    await old.leave();
  });

  it("does not either where the device before waits for its messages over HTTPS", async () => {
    const { terminalId, password, ...old } = await activeDevice(here, tenant, "ELSEWHERE-HTTPS");
    await old.client.endAsync(true);
    const ask = (body: object) =>
      here.call("POST", "/v1/device/messages", {
        headers: { authorization: basic(terminalId, password) },
        body: { session: "s1", ...body },
      });
    expect((await ask({})).status).toBe(200);
    const waiting = ask({ wait_seconds: 20 });
    const fresh = await replaced(terminalId);
    const { id } = await closeDay(terminalId);
    await isSentTo(fresh, id);
    expect(await waiting).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
  });
});
