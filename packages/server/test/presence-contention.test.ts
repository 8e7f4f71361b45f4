import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogger } from "../src/platform/log/log.ts";
import { writePresenceEvents } from "../src/presence/hearing/write.ts";
import type { PresenceEvent } from "../src/presence/status/state.ts";
import { telemetryNotes } from "../src/presence/telemetry/telemetry.ts";
import { moveFreeTerminals } from "../src/terminals/record/life-cycle.ts";

/** One writer records reports from the terminals of all accounts: no transaction of one account may hold it up. */
describe("what is heard of terminals", async () => {
  const server = await ownServer();
  const tenants: Tenant[] = [];
  let held: Device;
  let other: Device;
  beforeAll(async () => {
    for (const aid of ["T66000001", "T66000002"]) tenants.push(await server.account(aid));
    const [one, two] = tenants as [Tenant, Tenant];
    held = await activeDevice(server, one, "660000000001");
    other = await activeDevice(server, two, "660000000002");
  });
  afterAll(async () => {
    for (const device of [held, other]) await device.leave();
  });

  const placeOf = ({ terminalId }: Device) => ({ accountId: terminalId.slice(0, 9), terminalId });
  const faultOf = (device: Device): PresenceEvent => {
    const at = server.clock.now();
    const { session, address } = device;
    return {
      kind: "heartbeat",
      at,
      session,
      address,
      nextExpectedAt: new Date(at.getTime() + 30_000),
      roundTripMs: null,
      fault: { code: "jam" },
    };
  };
  const usualOf = (device: Device): PresenceEvent => ({ ...faultOf(device), kind: "heartbeat", fault: null }) as never;
  const told = (device: Device, event: PresenceEvent) => ({ ...placeOf(device), events: [event] });
  const codes = async () => {
    const { rows } = await server.db.pool.query("select terminal_id, fault_code from terminal_presence");
    return Object.fromEntries(rows.map((row) => [row.terminal_id, row.fault_code]));
  };
  async function whileLocked(table: string, work: (sql: pg.PoolClient) => Promise<void>): Promise<void> {
    const client = await server.db.urgent.connect();
    try {
      await client.query("begin");
      const text = `select from ${table} where terminal_id = $1 for no key update`;
      expect((await client.query(text, [held.terminalId])).rowCount).toBeGreaterThan(0);
      await work(client);
      // The commit succeeds: the idle transaction has not reached its timeout, so the other statements did not wait for
      // that.
      await client.query("commit");
    } finally {
      client.release(true);
    }
  }

  it.each(["terminal_presence", "terminal_credentials"])(
    "is written of others while a transaction has a row of %s, and of that one later",
    async (table) => {
      await server.db.pool.query("update terminal_presence set fault_code = null, fault_at = null");
      const both = [told(held, faultOf(held)), told(other, faultOf(other))];
      await whileLocked(table, async () => {
        const { heeded, busy } = await writePresenceEvents(server.db, both, server.clock.now());
        expect(heeded.map(({ terminalId }) => terminalId)).toEqual([other.terminalId]);
        expect([...busy]).toEqual([held.terminalId]);
        expect(await codes()).toEqual({ [held.terminalId]: null, [other.terminalId]: "jam" });
      });
      expect((await writePresenceEvents(server.db, both, server.clock.now())).busy.size).toBe(0);
      expect(await codes()).toEqual({ [held.terminalId]: "jam", [other.terminalId]: "jam" });
    },
  );

  it("is written of others also where all say nothing but that they are there", { tags: "replicas" }, async () => {
    await server.db.pool.query("update terminal_presence set fault_code = null, fault_at = null");
    await whileLocked("terminal_presence", async () => {
      const both = [told(held, usualOf(held)), told(other, usualOf(other))];
      const { heeded, busy } = await writePresenceEvents(server.db, both, server.clock.now());
      expect(heeded.map(({ terminalId }) => terminalId)).toEqual([other.terminalId]);
      expect([...busy]).toEqual([held.terminalId]);
    });
  });

  it("moves the terminals of others that tell of a fault, in one statement", async () => {
    await whileLocked("terminals", async () => {
      await moveFreeTerminals(server.db.sql, server.clock, "device_fault", [placeOf(held), placeOf(other)]);
      const { rows } = await server.db.pool.query("select terminal_id, status from terminals order by terminal_id");
      expect(rows).toEqual([
        { terminal_id: held.terminalId, status: "ACTIVE" },
        { terminal_id: other.terminalId, status: "ERROR" },
      ]);
    });
    await moveFreeTerminals(server.db.sql, server.clock, "device_fault", [placeOf(held)]);
    const { rows } = await server.db.pool.query("select distinct status from terminals");
    expect(rows).toEqual([{ status: "ERROR" }]);
  });

  it("keeps telemetry of others, and that of the one a moment later", async () => {
    const notes = telemetryNotes({ db: server.db, clock: server.clock, log: createLogger("silent") });
    const take = (device: Device, percent: number) =>
      notes.take({ ...placeOf(device), address: device.address }, { battery: { percent } }, server.clock.now());
    const percents = async () => {
      const { rows } = await server.db.pool.query(
        "select terminal_id, value from terminal_telemetry order by terminal_id",
      );
      return rows.map(({ value }) => value.percent);
    };
    for (const device of [held, other]) take(device, 50);
    await notes.write();
    server.clock.advance(1_000);
    await whileLocked("terminal_telemetry", async () => {
      for (const device of [held, other]) take(device, 51);
      await notes.write();
      expect(await percents()).toEqual([50, 51]);
    });
    await expect.poll(percents).toEqual([51, 51]);
    await notes.write();
  });

  it("answers others' hellos meanwhile, and that one's in the end", { tags: "replicas" }, async () => {
    for (const device of [held, other]) device.received.length = 0;
    await whileLocked("terminal_presence", async (sql) => {
      await held.hello();
      // Repeats until its hello has been tried for certain.
      for (let count = 0; count < 3; count += 1) {
        await other.hello();
        await other.next("welcome", count);
        await sql.query("select");
      }
      expect(held.received.filter(({ channel }) => channel === "welcome")).toEqual([]);
    });
    await held.next("welcome");
  });
});
