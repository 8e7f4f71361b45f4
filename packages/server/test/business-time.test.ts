// @module-tag replicas: time that is moved at one server holds at all servers.

import { basic } from "@tillkeeper/stage/accounts/tokens";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { decodeJwt } from "jose";
import { describe, expect, it, vi } from "vitest";
import { expireImpossible } from "../src/operations/sql/expire.ts";
import { answerLogs, askForLogs, uploadLog } from "./support/logs.ts";
import { PresentDevice, register, watcher } from "./support/presence.ts";

const base = "/v1/admin/terminals/operations";
const hour = 3_600_000;

describe("business time, when it is moved ahead by three hours", async () => {
  const { server, tenant, aid } = await world({ own: { config: { tokenLifetimeSeconds: 3_600 } } });

  const accept = (url: string, terminalId: string) =>
    send<{ id: string; created_at: string; expires_at: string }>(url, "POST", base, {
      token: tenant.token,
      body: { terminal_id: terminalId, operation: "check_update", timeout: 600 },
    });
  const statusOf = async (id: string) => (await server.call("GET", `${base}/${id}`, tenant)).body.status;
  const realMs = async () => {
    const { rows } = await server.db.pool.query("select clock_timestamp() as now");
    return (rows[0].now as Date).getTime();
  };
  const move = (hours: number) =>
    server.db.pool.query(
      `insert into business_clock (ahead_ms) values ($1) on conflict (one) do update set ahead_ms = excluded.ahead_ms`,
      [hours * hour],
    );
  /** A terminal that accepts operations, and has disconnected. */
  const terminal = async () => {
    const device = await PresentDevice.connect(server, await register(server, tenant, nextSerial()));
    await device.greet();
    await device.leave();
    return device.terminalId;
  };
  /** A server that has not read the clock yet ends what it accepts at once. So repeat until it has. */
  const untilEachServerKnows = async (hours: number) => {
    for (const url of server.urls) {
      const terminalId = await terminal();
      const accepted = async () => {
        const { status, body } = await accept(url, terminalId);
        return status === 201 ? Date.parse(body.created_at) : 0;
      };
      const known = (await realMs()) + hours * hour - 60_000;
      await vi.waitUntil(async () => (await accepted()) > known, { interval: 50 });
    }
  };

  it("ends what is over by it, and leaves tokens, pairing codes and who is there as they are", async () => {
    const terminalId = await terminal();
    const device = await PresentDevice.connect(server, await register(server, tenant, nextSerial()));
    await device.greet();
    const paired = await PairingDevice.make();
    const { pairing } = await registerForPairing(server, tenant, paired.serial);
    const waiting = (await accept(server.url, terminalId)).body;
    expect(await statusOf(waiting.id)).toBe("PENDING");

    await move(3);
    await expect.poll(() => statusOf(waiting.id)).toBe("TIMEOUT");
    await untilEachServerKnows(3);

    const looked = async () =>
      (await server.db.pool.query("select looked_at from presence_watch")).rows[0].looked_at as Date;
    const before = await looked();
    await vi.waitUntil(async () => (await looked()) > before);
    const see = watcher(server, tenant);
    await device.beat({ round_trip_ms: 7 });
    await vi.waitUntil(async () => (await see.presence(device.terminalId)).round_trip_ms === 7);
    const { status, last_heard_at } = await see.presence(device.terminalId);
    expect(status).toBe("online");
    expect(Date.parse(last_heard_at ?? "")).toBeLessThan((await realMs()) + hour);
    expect(await see.changes(device.terminalId)).toEqual(["online connected"]);
    await device.leave();
    expect(await paired.pair(server, pairing.code)).toMatchObject({ status: 200, body: { expires_in: 3_600 } });
    const { body } = await server.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(tenant.clientId, tenant.secret) },
      body: { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${aid}` },
    });
    const { iat = 0, exp = 0 } = decodeJwt(body.access_token);
    expect(exp - iat).toBe(3_600);
    expect(iat * 1_000).toBeLessThan((await realMs()) + hour);
  });

  it("is the time of devices, whose transfer tokens end by the real one", async () => {
    const device = await activeDevice(server, tenant);
    const moved = (await realMs()) + 2 * hour;
    await device.hello();
    expect(Date.parse(String((await device.next("welcome"))["server_time"]))).toBeGreaterThan(moved);
    const command = await askForLogs(server, tenant, device);
    expect(Date.parse(command.transfer.expires_at)).toBeGreaterThan(moved);
    expect((decodeJwt(command.transfer.token).exp ?? 0) * 1_000).toBeLessThan(moved);
    await answerLogs(device, command, await uploadLog(command));
    await expect.poll(() => statusOf(command.operation_id)).toBe("COMPLETED");
    await device.leave();
  });

  it("outlives the servers, and never goes back", async () => {
    await server.restart();
    const terminalId = await terminal();
    const { body } = await accept(server.url, terminalId);
    expect(Date.parse(body.created_at)).toBeGreaterThan((await realMs()) + 2 * hour);
    // A server that has not read the clock since it was moved must not judge a deadline impossible.
    await expireImpossible(server.db.urgent, new Date(await realMs()), 100);
    expect(await statusOf(body.id)).toBe("PENDING");
    await expect(move(2)).rejects.toThrow("does not go back");
    await expect(server.db.pool.query("delete from business_clock")).rejects.toThrow("does not go back");
    await expect(move(-1)).rejects.toThrow();
    await move(3.5);
    await untilEachServerKnows(3.5);
    // D16: visible a second after the deadline at most.
    await expect.poll(() => statusOf(body.id)).toBe("TIMEOUT");
  });
});
