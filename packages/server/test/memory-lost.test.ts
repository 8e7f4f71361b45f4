import { basic } from "@tillkeeper/stage/accounts/tokens";
import { connectMqtt, type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import type { TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { closedDay } from "./support/day.ts";

const aid = "T69300001";
const base = "/v1/admin/terminals/operations";

/** docs/adr/0025-device-addresses.md: a device must remember what it did under its address. */
describe("a device that has lost its memory", async () => {
  const { server: here, other: there, tenant } = await world({ own: {}, other: {}, aid });

  const send = async (id: string, operation: string) =>
    (await here.call("POST", base, { ...tenant, body: { terminal_id: id, operation, timeout: 60 } })).body;
  const get = async (id: string) => (await here.call("GET", `${base}/${id}`, tenant)).body;
  const enter = (at: TestServer, { address, token }: { address: string; token: string }) =>
    enterAs(at, { address, password: token });

  /** A device that is paired, connected, and has its configuration. */
  async function active(serial: string) {
    const { terminal_id: id, pairing } = await registerForPairing(here, tenant, serial);
    const device = await PairingDevice.make(serial);
    const { body: token } = await device.pair(here, pairing.code);
    const link = await enter(here, token);
    await link.hello();
    const { id: asked } = await send(id, "check_update");
    await link.next("command");
    const result = { current_version: "1", latest_version: "1", update_available: false, configuration_version: "1" };
    const done = { operation_id: asked, operation: "check_update", status: "COMPLETED", result };
    await link.say("result", { ...done, finished_at: new Date().toISOString() });
    await link.next("receipt");
    link.received.length = 0;
    return { id, device, token, link };
  }
  const channelsOf = (link: Device) => link.received.map(({ channel }) => channel);
  const auditOf = async (id: string) => {
    const rows = await here.db.sql
      .selectFrom("audit_log")
      .select("entry")
      .where("subject_id", "=", id)
      .where("action", "=", "terminal.memory_lost")
      .execute();
    return rows.map(({ entry }) => JSON.parse(entry));
  };

  it("is given another address, and the one before gets nothing more at any server", async () => {
    const { id, device, token, link } = await active("MEMORY-LOST");
    const elsewhere = await enterAs(there, { address: token.address, password: token.token }, `${token.address}:2`);
    const { id: close } = await send(id, "end_of_day");
    expect(await link.next("command")).toMatchObject({ operation_id: close });
    const { status, body: renewed } = await device.renew(there, id, { memory_lost: true });
    expect(status).toBe(200);
    expect(renewed).toMatchObject({ terminal_id: id, mqtt_username: renewed.address, mqtt_client_id: renewed.address });
    expect(Number(renewed.address.split("-D")[1])).toBeGreaterThan(Number(token.address.split("-D")[1]));

    await vi.waitUntil(() => !link.client.connected && !elsewhere.client.connected);
    for (const at of [here, there]) {
      for (const password of [token.token, renewed.token])
        await expect(connectMqtt(at, token.address, password)).rejects.toThrow();
      await expect(connectMqtt(at, renewed.address, token.token)).rejects.toThrow();
      for (const authorization of [`Bearer ${token.token}`, basic(token.address, token.token)]) {
        const asked = await at.call("POST", "/v1/device/messages", {
          headers: { authorization },
          body: { session: "s1" },
        });
        expect(asked).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
      }
    }
    // The day may be closed already, and the device would not know.
    const fresh = await enter(there, renewed);
    await fresh.hello();
    await fresh.next("welcome");
    for (const at of [here, there]) at.clock.advance(30_000);
    await fresh.hello();
    await fresh.next("welcome", 1);
    for (const at of [here, there]) at.clock.advance(31_000);
    await expect.poll(() => get(close)).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });
    expect(channelsOf(fresh)).toEqual(["welcome", "welcome"]);
    const { id: next } = await send(id, "end_of_day");
    expect(await fresh.next("command")).toMatchObject({ operation_id: next });
    await fresh.say("result", closedDay(next));
    expect(await fresh.next("receipt")).toMatchObject({ operation_id: next, status: "COMPLETED" });
    for (const old of [link, elsewhere]) await old.leave();
    await fresh.leave();
  });

  it("is sent what may be done twice", async () => {
    const { id, device, link } = await active("MEMORY-MENU");
    const { id: menu } = await send(id, "open_menu");
    await link.next("command");
    const { body: renewed } = await device.renew(here, id, { memory_lost: true });
    const fresh = await enter(here, renewed);
    await fresh.hello();
    expect(await fresh.next("command")).toMatchObject({ operation_id: menu });
    await fresh.openedMenu(menu);
    await fresh.next("receipt");
    await fresh.leave();
    await link.leave();
  });

  it("keeps its key: further tokens are for the new address, which stays; each loss is in the audit log", {
    tags: "replicas",
  }, async () => {
    const { id, device, token } = await active("MEMORY-KEY");
    const { body: second } = await device.renew(here, id, { memory_lost: true });
    for (const memory_lost of [undefined, false]) {
      const { status, body } = await device.renew(there, id, { memory_lost });
      expect([status, body.address]).toEqual([200, second.address]);
    }
    const { body: third } = await device.renew(there, id, { memory_lost: true });
    expect(third.address).not.toBe(second.address);
    expect(await auditOf(id)).toMatchObject([
      { actor: "device", before: { address: token.address }, after: { address: second.address } },
      { actor: "device", before: { address: second.address }, after: { address: third.address } },
    ]);
    const status = (await here.call("GET", `/v1/accounts/${aid}/terminals/${id}`, tenant)).body.status;
    expect(status).toBe("ACTIVE");
  });

  it("cannot say so for another: by another key, an old proof, or with a password alone", {
    tags: "replicas",
  }, async () => {
    const { id, device, token, link } = await active("MEMORY-OTHER");
    const stranger = await PairingDevice.make("MEMORY-OTHER");
    const refused = { status: 401, body: { error: { code: "invalid_proof" } } };
    expect(await stranger.renew(here, id, { memory_lost: true })).toMatchObject(refused);
    const nonce = await newNonce(here);
    const proof = await device.sign(here, "renewal", { nonce, sub: id });
    const say = (memory_lost: boolean) =>
      here.call("POST", "/v1/device/token", { body: { terminal_id: id, proof, memory_lost } });
    expect((await say(false)).status).toBe(200);
    expect(await say(true)).toMatchObject(refused);
    expect(await auditOf(id)).toEqual([]);
    expect((await device.renew(here, id)).body.address).toBe(token.address);
    expect(link.client.connected).toBe(true);

    const credentials = `/v1/accounts/${aid}/terminals/${id}/credentials`;
    const { address, password } = (await here.call("POST", credentials, tenant)).body;
    expect(await device.renew(here, id, { memory_lost: true })).toMatchObject(refused);
    await (await connectMqtt(here, address, password)).endAsync(true);
    await link.leave();
  });
});
