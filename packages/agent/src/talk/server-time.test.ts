import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { ServerTime } from "./server-time.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");
const iso = (ms: number) => new Date(ms).toISOString();

function welcome(time: ServerTime, clock: FakeClock, serverNow: () => number, upMs: number, downMs: number): boolean {
  const sentAt = time.helloSent();
  clock.advance(upMs);
  const serverTime = iso(serverNow());
  clock.advance(downMs);
  return (
    time.welcomed({ protocol: 1, server_time: serverTime, hello_sent_at: sentAt, memory: { number: 0 } }) !== undefined
  );
}

describe("the estimate of the server's time", () => {
  test("is never behind the server and ahead of it by at most the way up, whatever the local clock says", () => {
    const delay = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), delay, delay, delay, (skewMs, upMs, downMs, laterMs) => {
        const clock = new FakeClock(noon + skewMs);
        const serverNow = () => clock.now() - skewMs;
        const time = new ServerTime(clock);
        expect(welcome(time, clock, serverNow, upMs, downMs)).toBe(true);
        clock.advance(laterMs);
        expect(time.now()).toBeGreaterThanOrEqual(serverNow());
        expect(time.now()).toBeLessThanOrEqual(serverNow() + upMs);
        expect(time.trusted).toBe(true);
      }),
    );
  });

  test("before the first welcome is the later of the local clock and the command's sent_at, which goes on", () => {
    const clock = new FakeClock(noon);
    const time = new ServerTime(clock);
    expect(time.trusted).toBe(false);
    const ahead = { serverTime: noon + 60_000, monotonic: clock.monotonic() };
    const behind = { serverTime: noon - 60_000, monotonic: clock.monotonic() };
    clock.advance(5000);
    expect(time.now(ahead)).toBe(noon + 65_000);
    expect(time.now(behind)).toBe(noon + 5000);
  });

  test("is never below the sent_at of a command, also after a welcome", () => {
    const clock = new FakeClock(noon);
    const time = new ServerTime(clock);
    welcome(time, clock, () => noon - 600_000, 0, 0);
    expect(time.now({ serverTime: noon, monotonic: clock.monotonic() })).toBe(noon);
  });

  test("a welcome that echoes no hello of ours says nothing", () => {
    const time = new ServerTime(new FakeClock(noon));
    expect(
      time.welcomed({ protocol: 1, server_time: iso(noon), hello_sent_at: iso(noon), memory: { number: 0 } }),
    ).toBeUndefined();
    expect(time.trusted).toBe(false);
  });

  test("of two hellos with one sent_at the earlier counts", () => {
    const clock = new FakeClock(noon);
    const time = new ServerTime(clock);
    const sentAt = time.helloSent();
    clock.advance(3000);
    clock.jump(-3000);
    expect(time.helloSent()).toBe(sentAt);
    time.welcomed({ protocol: 1, server_time: iso(noon), hello_sent_at: sentAt, memory: { number: 0 } });
    expect(time.now()).toBe(noon + 3000);
  });

  test("is in doubt after an hour and when the wall clock jumped; then the later of both counts", () => {
    const clock = new FakeClock(noon);
    const time = new ServerTime(clock);
    welcome(time, clock, () => noon, 0, 0);
    clock.jump(120_000);
    expect(time.trusted).toBe(false);
    expect(time.now()).toBe(noon + 120_000);
    clock.jump(-240_000);
    expect(time.trusted).toBe(false);
    expect(time.now()).toBe(noon);
    clock.jump(120_000);
    expect(time.trusted).toBe(true);
    clock.advance(3_600_001);
    expect(time.trusted).toBe(false);
  });
});
