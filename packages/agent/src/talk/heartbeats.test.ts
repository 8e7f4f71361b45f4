import type { HeartbeatMessage } from "@tillkeeper/contract/mqtt/messages";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silentLogger } from "../logger.ts";
import { Heartbeats } from "./heartbeats.ts";

describe("heartbeats", () => {
  let clock: FakeClock;
  let said: HeartbeatMessage[];
  let telemetry: Telemetry;
  let fault: DeviceFault | undefined;
  let heartbeats: Heartbeats;
  beforeEach(() => {
    clock = new FakeClock("2026-06-29T12:00:00.000Z");
    said = [];
    telemetry = { printer: "ok" };
    fault = undefined;
    heartbeats = new Heartbeats({
      clock,
      log: silentLogger,
      send: (heartbeat) => said.push(heartbeat),
      telemetry: () => telemetry,
      fault: () => fault,
    });
  });

  test("begin with the welcome, at once, and tell how long it took", () => {
    heartbeats.begin("one");
    clock.advance(60_000);
    expect(said).toEqual([]);
    heartbeats.welcomed(41.7, 30);
    expect(said).toMatchObject([{ session: "one", round_trip_ms: 42, telemetry: { printer: "ok" } }]);
  });

  test("come as often as the server wants, never later, and not all at the same instant", () => {
    heartbeats.begin("one");
    heartbeats.welcomed(1, 10);
    clock.advance(100_000);
    expect(said.length).toBeGreaterThan(10);
    expect(said.length).toBeLessThanOrEqual(12);
    const times = said.map(({ sent_at }) => Date.parse(sent_at));
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_000);
    expect(new Set(pauses).size).toBeGreaterThan(1);
  });

  test("tell of a change at once, and of many at most once a second", () => {
    heartbeats.begin("one");
    heartbeats.welcomed(1);
    clock.advance(1_010);
    fault = { code: "tamper" };
    heartbeats.soon();
    expect(said.at(-1)).toMatchObject({ fault: { code: "tamper" } });
    expect(said).toHaveLength(2);
    for (let count = 0; count < 50; count += 1) {
      telemetry = { printer: count % 2 ? "ok" : "paper_low" };
      heartbeats.soon();
      clock.advance(20);
    }
    clock.advance(10);
    expect(said).toHaveLength(3);
    expect(said.at(-1)?.telemetry).toEqual({ printer: "ok" });
  });

  test("tell at once that the open batch is empty or not any more, and leave the next payments for later", () => {
    const pay = (transactions_count: number) => {
      telemetry = { open_batch: { transactions_count } };
      heartbeats.openBatchChanged();
      clock.advance(1_010);
      return said.map((heartbeat) => heartbeat.telemetry?.open_batch?.transactions_count);
    };
    heartbeats.openBatchChanged();
    heartbeats.begin("one");
    telemetry = { open_batch: { transactions_count: 0 } };
    heartbeats.welcomed(1);
    clock.advance(1_010);
    expect(pay(1)).toEqual([0, 1]);
    expect(pay(2)).toEqual([0, 1]);
    expect(pay(0)).toEqual([0, 1, 0]);
    heartbeats.batchClosed();
    clock.advance(1_010);
    expect(pay(0)).toEqual([0, 1, 0, 0]);
    for (let count = 0; count < 20; count += 1) {
      telemetry = { open_batch: { transactions_count: count % 2 } };
      heartbeats.openBatchChanged();
      heartbeats.batchClosed();
      clock.advance(100);
    }
    // Two seconds, their ends included.
    expect(said.length).toBeLessThanOrEqual(7);
  });

  test("tell nothing of a batch of which the device knows nothing", () => {
    heartbeats.begin("one");
    heartbeats.welcomed(1);
    clock.advance(1_010);
    heartbeats.openBatchChanged();
    heartbeats.batchClosed();
    expect(said).toHaveLength(1);
  });

  test("end with the link, and leave no timer behind", () => {
    heartbeats.begin("one");
    heartbeats.welcomed(1);
    heartbeats.pause();
    heartbeats.soon();
    expect(clock.timers).toBe(0);
    clock.advance(120_000);
    expect(said).toHaveLength(1);
    heartbeats.begin("two");
    heartbeats.welcomed(1);
    expect(said.at(-1)?.session).toBe("two");
  });

  test("come also from a device that cannot tell how it is", () => {
    const broken = new Heartbeats({
      clock,
      log: silentLogger,
      send: (heartbeat) => said.push(heartbeat),
      telemetry: () => {
        throw new Error("no");
      },
    });
    broken.begin("one");
    broken.welcomed(1);
    expect(said).toHaveLength(1);
    expect(said[0]).not.toHaveProperty("telemetry");
  });
});
