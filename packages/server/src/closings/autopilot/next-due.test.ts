import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { businessDayOf, dayAfter, endOf, startOf } from "../days/business-day.ts";
import { wallClockMs } from "../days/time-zone.ts";
import { type DuePlan, dueOf, nextDue } from "./next-due.ts";

const usual: DuePlan = {
  storeRef: "S00000001-0001",
  rules: { timeZone: "Europe/Oslo", startsAt: "05:00" },
  time: "23:30",
  retryUntil: "05:00",
  spread_minutes: 0,
  exceptions: [],
};
const oslo = (more: Partial<DuePlan>): DuePlan => ({ ...usual, ...more });
const shown = (day: string, plan: DuePlan) => {
  const due = dueOf(day, plan);
  return due && [due.at.toISOString(), due.until.toISOString()];
};

const zones = [
  "Europe/Oslo",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "America/Nuuk",
  "Africa/Casablanca",
  "Antarctica/Troll",
];
const timeZone = fc.oneof(fc.constantFrom(...zones), fc.constantFrom(...Intl.supportedValuesOf("timeZone")));
const twoDigits = (most: number) => fc.integer({ min: 0, max: most }).map((number) => String(number).padStart(2, "0"));
const time = fc.oneof(
  fc.constantFrom("23:30", "00:30", "02:00", "02:30", "02:59", "03:00", "05:00", "04:59"),
  fc.tuple(twoDigits(23), twoDigits(59)).map((parts) => parts.join(":")),
);
const plans = fc.record({
  storeRef: fc.integer({ min: 1, max: 9999 }).map((number) => `S00000001-${number}`),
  rules: fc.record({ timeZone, startsAt: time }),
  time,
  retryUntil: time,
  spread_minutes: fc.constantFrom(0, 5, 120),
  exceptions: fc.constant<DuePlan["exceptions"]>([]),
});
const around = (instant: string, hours: number) =>
  fc
    .integer({ min: -hours * 60, max: hours * 60 })
    .map((distance) => new Date(Date.parse(instant) + distance * 60_000));
const at = fc.oneof(
  around("2015-01-01T00:00:00Z", 25 * 365 * 24),
  ...[
    "2011-12-30T10:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-11-01T07:00:00Z",
    "2026-04-04T15:00:00Z",
  ].map((change) => around(change, 40)),
);

describe("when a business day is due", () => {
  it("each day once, within the day, before the end of trying, which is not after the day: in every zone, over every change of clocks", () => {
    fc.assert(
      fc.property(plans, at, (plan, instant) => {
        let day = businessDayOf(instant, plan.rules);
        for (let count = 0; count < 4; count += 1) {
          const due = dueOf(day, plan);
          expect(due?.at.getTime()).toBeGreaterThanOrEqual(startOf(day, plan.rules)?.getTime() ?? Number.NaN);
          expect(due?.until.getTime()).toBeGreaterThan(due?.at.getTime() ?? Number.NaN);
          expect(due?.until.getTime()).toBeLessThanOrEqual(endOf(day, plan.rules).getTime());
          expect(businessDayOf(due?.at as Date, plan.rules)).toBe(day);
          day = dayAfter(day, plan.rules);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("following each due time to the next one misses no day and meets none twice", () => {
    fc.assert(
      fc.property(plans, at, (plan, instant) => {
        let due = nextDue(plan, instant);
        for (let count = 0; count < 4; count += 1) {
          const next = nextDue(plan, due?.at as Date);
          expect(next?.day).toBe(dayAfter(due?.day as string, plan.rules));
          due = next;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("clocks show the time that was set, where they show it on that day and stores are not spread", () => {
    fc.assert(
      fc.property(plans, at, (plan, instant) => {
        const due = dueOf(businessDayOf(instant, plan.rules), { ...plan, spread_minutes: 0 });
        const clock = new Date(wallClockMs(plan.rules.timeZone, due?.at.getTime() ?? 0)).toISOString().slice(11, 16);
        const [start, end] = [startOf(due?.day as string, plan.rules), endOf(due?.day as string, plan.rules)];
        const offsets = [start as Date, end].map(
          (one) => wallClockMs(plan.rules.timeZone, one.getTime()) - one.getTime(),
        );
        const ordinary = end.getTime() - (start?.getTime() ?? 0) === 86_400_000 && offsets[0] === offsets[1];
        const late = (due?.at.getTime() ?? 0) >= end.getTime() - 15 * 60_000;
        if (ordinary && !late) expect(clock).toBe(plan.time);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the evening, or the night after it, of the date that names the day", () => {
    expect(shown("2026-06-10", usual)).toEqual(["2026-06-10T21:30:00.000Z", "2026-06-11T03:00:00.000Z"]);
    expect(shown("2026-06-10", oslo({ time: "01:15", retryUntil: "04:00" }))).toEqual([
      "2026-06-10T23:15:00.000Z",
      "2026-06-11T02:00:00.000Z",
    ]);
  });

  it("a time that is skipped is the instant when clocks go on, and one that comes twice is the first", () => {
    expect(shown("2026-03-28", oslo({ time: "02:30" }))?.[0]).toBe("2026-03-29T01:00:00.000Z");
    expect(shown("2026-10-24", oslo({ time: "02:30" }))?.[0]).toBe("2026-10-25T00:30:00.000Z");
  });

  it("follows exceptions, by the date of the business day", () => {
    const plan = oslo({
      exceptions: [
        { date: "2026-12-24", time: "16:00" },
        { date: "2026-12-25", closed: true },
      ],
    });
    expect(shown("2026-12-24", plan)).toEqual(["2026-12-24T15:00:00.000Z", "2026-12-25T04:00:00.000Z"]);
    expect(dueOf("2026-12-25", plan)).toBeUndefined();
    expect(nextDue(plan, new Date("2026-12-24T20:00:00Z"))?.day).toBe("2026-12-26");
  });

  it("spreads stores over the minutes that they allow, and never past the half of the time to try", () => {
    const seconds = Array.from({ length: 1_000 }, (_, number) => {
      const due = dueOf("2026-06-10", oslo({ storeRef: `S00000001-${number}`, spread_minutes: 5 }));
      return ((due?.at.getTime() ?? 0) - Date.parse("2026-06-10T21:30:00Z")) / 1_000;
    });
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...seconds)).toBeLessThan(300);
    expect(new Set(seconds).size).toBeGreaterThan(250);
    const short = dueOf("2026-06-10", oslo({ spread_minutes: 120, retryUntil: "23:32" }));
    expect(short?.at.getTime()).toBeLessThan(Date.parse("2026-06-10T21:31:00Z"));
  });
});
