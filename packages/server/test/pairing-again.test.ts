import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { giveUpRecipient } from "../src/operations/commands.ts";
import type { Admission } from "../src/terminals/admission.ts";
import { issueCredential, liveCredentials } from "../src/terminals/credentials.ts";
import { activeDevice, connectMqtt, Device } from "./support/device.ts";
import { PairingDevice } from "./support/pairing-device.ts";
import { basic, startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

const aid = "T69100001";
const base = "/v1/admin/terminals/operations";

/** docs/adr/0014-pairing-and-device-tokens.md: another device must not close a day that the one before may have closed. */
describe("a terminal whose device is replaced while it closes the day", () => {
  let server: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    server = await startTestServer();
    tenant = await server.account(aid);
  });
  afterAll(() => server.stop());

  const call = async (method: string, path: string, body?: object) =>
    (await server.call(method, path, { ...tenant, ...(body && { body }) })).body;
  const send = (id: string, operation: string) => call("POST", base, { terminal_id: id, operation });
  const get = (id: string) => call("GET", `${base}/${id}`);
  const connect = async (id: string, password: string) => {
    const device = new Device(id, await connectMqtt(server, id, password));
    await device.client.subscribeAsync(`tillkeeper/v1/${id}/+`, { qos: 1 });
    return device;
  };
  const terminal = (id: string) => `/v1/accounts/${aid}/terminals/${id}`;
  const pairAgain = async (id: string, serial: string) => {
    const { code } = await call("POST", `${terminal(id)}/pairing-codes`, {});
    const { body } = await (await PairingDevice.make(serial)).pair(server, code);
    return connect(id, body.mqtt_password);
  };
  const newPassword = async (id: string) =>
    connect(id, (await call("POST", `${terminal(id)}/credentials`)).password as string);
  const closed = (operationId: string) => ({
    operation_id: operationId,
    operation: "end_of_day",
    status: "COMPLETED",
    finished_at: new Date().toISOString(),
    result: {
      outcome: "accepted",
      batch_id: "1",
      start_of_day_at: new Date().toISOString(),
      last_end_of_day_at: new Date().toISOString(),
      purchases_count: 0,
      purchases_amount: 0,
      reversals_count: 0,
      reversals_amount: 0,
      sale_amount: 0,
      tip_amount: 0,
      currency: "NOK",
    },
  });
  const heard = (device: Device) =>
    device.received.map(({ channel, message }) => [channel, message["operation"] ?? message["operation_id"]].join(" "));

  /** That nothing came is known by what comes next, on the same connection. */
  async function isNeverTold(fresh: Device, sentId: string): Promise<void> {
    await fresh.hello();
    await fresh.next("welcome");
    for (const attempt of [1, 2, 3, 4]) await fresh.hello([], { operation_id: sentId, attempt });
    await fresh.next("welcome", 4);
    await call("POST", `${base}/${sentId}/cancel`);
    server.clock.advance(20_000);
    await fresh.hello();
    await fresh.next("welcome", 5);
    expect(await get(sentId)).toMatchObject({ status: "PENDING" });
    server.clock.advance(200_000);
    await expect.poll(() => get(sentId)).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });
    await send(fresh.terminalId, "open_menu");
    await fresh.next("command");
    expect(heard(fresh).filter((what) => what !== "welcome ")).toEqual(["command open_menu"]);
  }

  it.each([
    ["paired again", "AGAIN-PAIRED", pairAgain],
    ["given a password", "AGAIN-PASSWORD", newPassword],
  ])("is not sent the operation a second time when it is %s", async (_, serial, replace) => {
    const old = await activeDevice(server, tenant, serial);
    const { id } = await send(old.terminalId, "end_of_day");
    await old.next("command");
    const fresh = await replace(old.terminalId, serial);
    const late = await server.call("POST", "/v1/device/messages", {
      headers: { authorization: basic(old.terminalId, old.password) },
      body: { session: "old", messages: [{ channel: "result", message: closed(id) }] },
    });
    expect(late.status).toBe(401);
    await isNeverTold(fresh, id);
    expect(await get(id)).not.toHaveProperty("late_result");
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
    await same.say("result", closed(id));
    expect(await same.next("receipt")).toMatchObject({ status: "COMPLETED" });
    await same.leave();
    await old.leave();
  });

  it("is sent what never went out to the device before", async () => {
    const old = await activeDevice(server, tenant, "AGAIN-AWAY");
    await old.leave();
    const online = async () => (await call("GET", `${terminal(old.terminalId)}/presence`)).status;
    await expect.poll(online).not.toBe("online");
    const { id } = await send(old.terminalId, "end_of_day");
    const fresh = await pairAgain(old.terminalId, "AGAIN-AWAY");
    await fresh.hello();
    expect(await fresh.next("command")).toMatchObject({ operation_id: id, operation: "end_of_day" });
    await fresh.leave();
  });

  it("is not sent either what was accepted before the device before had to go", async () => {
    const old = await activeDevice(server, tenant, "AGAIN-RACE");
    const accepted: { id: string }[] = [];
    const deps = {
      db: server.db,
      clock: server.clock,
      tellsApart: false,
      mqttUrl: () => server.mqttUrl,
      findLiveCredential: liveCredentials(server.db),
      withdraw: async () => {},
      giveUpRecipient: (tx: Parameters<typeof giveUpRecipient>[0], who: { accountId: string; terminalId: string }) =>
        giveUpRecipient(tx, { ...who, at: server.clock.now() }),
      admit: async ({ terminalId, password, formerEnded }: Admission) => {
        accepted.push(await send(terminalId, "end_of_day"));
        await old.next("command");
        await old.leave();
        await formerEnded?.();
        return { username: terminalId, password, clientId: terminalId };
      },
    };
    const who = {
      accountId: aid,
      clientId: tenant.clientId,
      clientAccountId: aid,
      address: "127.0.0.1",
      requestId: "race",
    };
    const caller = { ...who, authority: "the server itself" } as const;
    const { password } = await issueCredential(deps, caller, old.terminalId);
    const fresh = await connect(old.terminalId, password);
    expect(accepted).toHaveLength(1);
    await isNeverTold(fresh, accepted[0]?.id ?? "");
    await fresh.leave();
  });
});
