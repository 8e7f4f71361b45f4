import { expect, it } from "vitest";
import { SteadyClock } from "./steady-clock.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");

it("goes on by the time that passes when the clock is set, until it follows", () => {
  let wallMs = noon;
  let elapsedMs = 500;
  const steady = new SteadyClock({ realNow: () => new Date(wallMs), elapsedMs: () => elapsedMs });
  const pass = (ms: number) => {
    wallMs += ms;
    elapsedMs += ms;
  };
  pass(40_000);
  expect(steady.realNow()).toEqual(new Date(noon + 40_000));
  wallMs += 900;
  expect(steady.step()).toBeUndefined();
  for (const hour of [3_600_000, -7_200_000]) {
    steady.follow();
    const before = steady.realNow().getTime();
    wallMs += hour;
    pass(2_000);
    expect(steady.realNow().getTime()).toBe(before + 2_000);
    expect(steady.step()).toEqual(new Date(before + 2_000 + hour));
    steady.follow();
    expect(steady.realNow().getTime()).toBe(before + 2_000 + hour);
    expect(steady.step()).toBeUndefined();
  }
});
