import { basic } from "@tillkeeper/stage/accounts/tokens";
import { activeDevice, type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { PairingDevice } from "@tillkeeper/stage/devices/pairing-device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { closedDay } from "./support/day.ts";

const base = "/v1/admin/terminals/operations";

/** docs/adr/0025-device-addresses.md: the server to which the former device is connected learns of it seconds later. */
describe("a terminal whose credential is replaced through another server", async () => {
  const { server: here, other: there, tenant } = await world({ own: {}, other: {} });

  async function replaced(id: string): Promise<Device> {
    const { body } = await there.call("POST", `/v1/accounts/${tenant.aid}/terminals/${id}/credentials`, tenant);
    const device = await enterAs(there, body);
    onTestFinished(() => device.leave());
    return device;
  }
  const closeDay = async (id: string): Promise<{ id: string }> =>
    (await here.call("POST", base, { ...tenant, body: { terminal_id: id, operation: "end_of_day" } })).body;
  const get = async (id: string) => (await here.call("GET", `${base}/${id}`, tenant)).body;

  async function isSentTo(device: Device, operationId: string): Promise<void> {
    await device.hello();
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
    const paired = here.db.sql
      .selectFrom("terminal_credentials")
      .select("address")
      .where("terminal_id", "=", id)
      .where("public_key", "is not", null);
    const device = await PairingDevice.make("ELSEWHERE-PAIRED");
    const pairing = device.pair(here, code);
    // Holds from the commit on.
    const next = await vi.waitUntil(async () => (await paired.execute())[0], { interval: 1 });
    const operation = await closeDay(id);
    const { address, mqtt_password: password } = (await pairing).body;
    expect(address).toBe(next.address);
    const fresh = await enterAs(here, { address, password });
    onTestFinished(() => fresh.leave());
    await isSentTo(fresh, operation.id);
    expect(old.received).toEqual([]);
    await old.leave();
  });

  it("does not either where the device before waits for its messages over HTTPS", async () => {
    const { terminalId, address, password, ...old } = await activeDevice(here, tenant, "ELSEWHERE-HTTPS");
    await old.client.endAsync(true);
    const ask = (body: object) =>
      here.call("POST", "/v1/device/messages", {
        headers: { authorization: basic(address, password) },
        body: { session: "s1", ...body },
      });
    expect((await ask({})).status).toBe(200);
    const waiting = ask({ wait_seconds: 20 });
    const fresh = await replaced(terminalId);
    const { id } = await closeDay(terminalId);
    await isSentTo(fresh, id);
    expect(await waiting).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
  });

  it("hears how the day was closed from the device before, for as long as that is connected", async () => {
    const old = await activeDevice(here, tenant, "ELSEWHERE-RESULT");
    const { id } = await closeDay(old.terminalId);
    expect(await old.next("command")).toMatchObject({ operation_id: id });
    const fresh = await replaced(old.terminalId);
    await old.say("result", closedDay(id, "BEFORE"));
    expect(await old.next("receipt")).toMatchObject({ operation_id: id, status: "COMPLETED" });
    expect(await get(id)).toMatchObject({ status: "COMPLETED", result: { batch_id: "BEFORE" } });
    await fresh.hello();
    await fresh.next("welcome");
    expect(fresh.received.map(({ channel }) => channel)).toEqual(["welcome"]);
    await old.leave();
  });
});
