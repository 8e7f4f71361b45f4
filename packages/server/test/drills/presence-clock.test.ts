import type { Device } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PresentDevice, register, watcher } from "../support/presence.ts";

const hour = 3_600_000;

describe("presence, when somebody sets the clock", async () => {
  const { server, tenant } = await world({ own: { config: { tokenLifetimeSeconds: 604_800 } } });
  const soon = { interval: 20 };
  let devices: Device[] = [];
  let serial = 0;
  const see = watcher(server, tenant);
  afterEach(async () => {
    await Promise.all(devices.map((device) => device.leave()));
    devices = [];
  });

  const there = async () => {
    const device = await PresentDevice.connect(server, await register(server, tenant, `6700${(serial += 1)}`));
    devices.push(device);
    await device.greet();
    return device;
  };
  const fromNow = (at: string | undefined) => Date.parse(at ?? "") - server.clock.now().getTime();
  /** Moves the clock; `meanwhile` checks what must hold before the server has noticed, as well as afterwards. */
  const step = async (ms: number, meanwhile = async () => {}) => {
    const since = async () => (await server.db.pool.query("select since from presence_watch")).rows[0].since as Date;
    const before = await since();
    server.clock.step(ms);
    await meanwhile();
    await vi.waitUntil(async () => (await since()).getTime() !== before.getTime(), soon);
    await meanwhile();
  };

  it("makes nobody late who is there, and misses who is not", async () => {
    const [present, absent] = [await there(), await there()];
    const { terminalId: id } = present;
    await step(600_000, async () => expect((await see.presence(id)).status).toBe("online"));
    // Both are heard for the last time before the step; one of them continues.
    server.clock.advance(28_000);
    await present.beat({ round_trip_ms: 5 });
    await vi.waitUntil(async () => (await see.presence(id)).round_trip_ms === 5, soon);
    server.clock.advance(30_000);
    expect((await see.presence(id)).status).toBe("online");
    expect(await see.changes(id)).toEqual(["online connected"]);
    server.clock.advance(4_000);
    const missed = async () =>
      expect(await see.changes(absent.terminalId)).toEqual(["online connected", "late silent", "offline silent"]);
    await vi.waitFor(missed, soon);
    await step(-600_000);
  });

  it("keeps no instant that lies ahead when it is put back", async () => {
    server.clock.advance(hour);
    const [present, absent] = [await there(), await there()];
    await step(-hour);
    for (const { terminalId } of [present, absent]) {
      const shown = async () => {
        const { status, since, last_heard_at, next_expected_at } = await see.presence(terminalId);
        expect(status).toBe("online");
        for (const at of [since, last_heard_at, next_expected_at]) expect(fromNow(at)).toBeLessThan(1_000);
      };
      await vi.waitFor(shown, soon);
    }
    // After a heartbeat the next one is expected at its usual time.
    await present.beat({ round_trip_ms: 6 });
    await vi.waitUntil(async () => (await see.presence(present.terminalId)).round_trip_ms === 6, soon);
    expect(fromNow((await see.presence(present.terminalId)).next_expected_at)).toBeLessThan(31_000);
    for (const status of ["late", "offline"]) {
      server.clock.advance(36_000);
      await present.beat();
      await see.until(absent.terminalId, status);
    }
    const expected = ["online connected", "late silent", "offline silent"];
    const written = () =>
      server.db.pool.query("select status from terminal_presence where terminal_id = $1", [absent.terminalId]);
    await vi.waitUntil(async () => (await written()).rows[0].status === "offline", soon);
    // In the order of their times: it was online an hour ahead.
    expect((await see.changes(absent.terminalId)).toSorted()).toEqual(expected.toSorted());
    present.cut();
    await see.until(present.terminalId, "late");
  });

  it("takes telemetry that is told after it was put back", async () => {
    server.clock.advance(hour);
    const device = await there();
    const { terminalId: id } = device;
    const printer = async () => (await see.telemetry(id)).telemetry.printer;
    await device.beat({ telemetry: { printer: "ok" } });
    await vi.waitUntil(async () => (await printer())?.value === "ok", soon);
    await step(-hour);
    await device.beat({ telemetry: { printer: "paper_out" } });
    await vi.waitUntil(async () => (await printer())?.value === "paper_out", soon);
    expect(fromNow((await printer()).at)).toBeLessThan(1_000);
    const { changes } = await see.history(id);
    expect(changes.map(({ value }: { value: string }) => value).toSorted()).toEqual(["ok", "paper_out"]);
  });

  it("looks for those who are overdue also when the database's clock is put back", async () => {
    const { terminalId } = await there();
    await server.db.pool.query(
      "update presence_watch set seen_at = seen_at + interval '1 hour', looked_at = looked_at + interval '1 hour'",
    );
    const { rows } = await server.db.pool.query("select clock_timestamp() as now");
    const seen = async () => (await server.db.pool.query("select seen_at from presence_watch")).rows[0].seen_at as Date;
    await vi.waitUntil(async () => (await seen()).getTime() < rows[0].now.getTime() + 60_000, soon);
    server.clock.advance(66_000);
    const expected = ["online connected", "late silent", "offline silent"];
    await vi.waitFor(async () => expect(await see.changes(terminalId)).toEqual(expected), soon);
  });
});
