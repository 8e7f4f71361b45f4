import { describe, expect, it } from "vitest";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import { decide, type Place, placeAfter } from "./decide.ts";

const plan: ClosingPlan = {
  accountId: "T12345678",
  storeRef: "T12345678-0001",
  storeId: "S1",
  status: "ACTIVE",
  rules: { timeZone: "Europe/Oslo", startsAt: "05:00" },
  guess: undefined,
  enabled: true,
  time: "23:30",
  retryUntil: "05:00",
  spread_minutes: 0,
  exceptions: [],
};
const fresh: Place = { day: null, askedAt: null, until: null };
const at = (time: string) => new Date(time);
const pending = (day: string): Place => ({ ...fresh, day });

describe("what the autopilot does", () => {
  it("begins with a time that is yet to come: nothing of before is closed, or told of as missed", () => {
    expect(decide(plan, fresh, at("2026-06-10T20:00:00Z"))).toMatchObject({ what: "wait", day: "2026-06-10" });
    // In the middle of the time to try of the running day.
    expect(decide(plan, fresh, at("2026-06-10T23:00:00Z"))).toEqual({
      what: "wait",
      day: "2026-06-11",
      lookAt: at("2026-06-11T21:30:00Z"),
    });
  });

  it("closes a day that was planned, also late, and calls it missed once its time to try is over", () => {
    const place = pending("2026-06-10");
    expect(decide(plan, place, at("2026-06-10T21:30:00Z")).what).toBe("close");
    expect(decide(plan, place, at("2026-06-11T02:59:59Z")).what).toBe("close");
    expect(decide(plan, place, at("2026-06-11T03:00:00Z"))).toMatchObject({
      what: "missed",
      due: { day: "2026-06-10" },
    });
    expect(decide({ ...plan, time: "20:00" }, place, at("2026-06-10T20:00:00Z")).what).toBe("close");
  });

  it("passes over days longer ago than a day can be closed, and days that are exceptions", () => {
    const now = at("2027-06-10T12:00:00Z");
    expect(decide(plan, pending("2026-06-10"), now)).toMatchObject({ what: "missed", due: { day: "2027-05-10" } });
    const shut = { ...plan, exceptions: [{ date: "2026-06-10", closed: true as const }] };
    expect(decide(shut, pending("2026-06-10"), at("2026-06-10T22:00:00Z")).what).toBe("wait");
    expect(decide(shut, pending("2026-06-10"), at("2026-06-11T03:00:00Z"))).toEqual({
      what: "pass",
      day: "2026-06-10",
    });
    expect(placeAfter("2026-06-10", shut)).toEqual(pending("2026-06-11"));
  });

  it("looks at what came of a close when the time to try is over, whatever is configured meanwhile", () => {
    const asked = { day: "2026-06-10", askedAt: at("2026-06-10T21:30:00Z"), until: at("2026-06-11T03:00:00Z") };
    const off = { ...plan, enabled: false };
    expect(decide(off, asked, at("2026-06-11T02:00:00Z"))).toMatchObject({ what: "wait", lookAt: asked.until });
    expect(decide(plan, asked, at("2026-06-11T02:00:00Z"))).toMatchObject({
      what: "again",
      due: { until: asked.until },
    });
    expect(decide(off, asked, asked.until)).toMatchObject({ what: "check", day: "2026-06-10" });
    expect(decide(off, pending("2026-06-11"), asked.until)).toEqual({ what: "off" });
  });

  it("is off while the zone is a guess, and while the store is suspended", () => {
    const place = pending("2026-06-10");
    const now = at("2026-06-10T22:00:00Z");
    expect(decide({ ...plan, guess: "Nothing says where." }, place, now)).toEqual({ what: "off" });
    expect(decide({ ...plan, status: "SUSPENDED" }, place, now)).toEqual({ what: "off" });
  });
});
