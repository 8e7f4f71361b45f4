import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { businessDayOf, dayAfter, endOf, startOf } from "./business-day.ts";

const hourMs = 3_600_000;

/** Zones whose clocks did something odd since 1990: skipped a date, changed by half an hour, or late in the evening. */
const oddZones = [
  "Pacific/Apia",
  "Pacific/Fakaofo",
  "Pacific/Kwajalein",
  "Pacific/Kiritimati",
  "Pacific/Kanton",
  "Australia/Lord_Howe",
  "America/Nuuk",
  "America/Caracas",
  "Asia/Pyongyang",
  "Africa/Casablanca",
  "Antarctica/Troll",
];
const timeZone = fc.oneof(
  fc.constantFrom(...oddZones, "Europe/Oslo"),
  fc.constantFrom(...Intl.supportedValuesOf("timeZone")),
);
const twoDigits = (most: number) => fc.integer({ min: 0, max: most }).map((number) => String(number).padStart(2, "0"));
const startsAt = fc.oneof(
  fc.constantFrom("05:00", "00:00", "02:30", "23:30", "23:59"),
  fc.tuple(twoDigits(23), twoDigits(59)).map((parts) => parts.join(":")),
);
const rules = fc.record({ timeZone, startsAt });

const around = (instant: string, hours: number) =>
  fc.integer({ min: -hours * hourMs, max: hours * hourMs }).map((distance) => new Date(Date.parse(instant) + distance));
const at = fc.oneof(
  around("2015-01-01T00:00:00Z", 25 * 365 * 24),
  // Samoa and Tokelau went over the date line, Kwajalein before them; Kiribati's islands in the night of a new year.
  around("2011-12-30T10:00:00Z", 72),
  around("1993-08-21T12:00:00Z", 72),
  around("1994-12-31T12:00:00Z", 72),
  // Clocks change in Europe, in America and on Lord Howe.
  ...["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T07:00:00Z", "2026-04-04T15:00:00Z"].map((change) =>
    around(change, 30),
  ),
);

const runs = { numRuns: 3_000 };

describe("business days of every zone, at any begin", () => {
  it("an instant is in the day that it belongs to, and in no other", () => {
    fc.assert(
      fc.property(rules, at, (ofStore, instant) => {
        const day = businessDayOf(instant, ofStore);
        const [start, end] = [startOf(day, ofStore), endOf(day, ofStore)];
        expect(start?.getTime()).toBeLessThanOrEqual(instant.getTime());
        expect(end.getTime()).toBeGreaterThan(instant.getTime());
      }),
      runs,
    );
  });

  it("the days follow each other without gap or overlap, to the millisecond", () => {
    fc.assert(
      fc.property(rules, at, (ofStore, instant) => {
        let day = businessDayOf(instant, ofStore);
        for (let count = 0; count < 4; count += 1) {
          const [end, next] = [endOf(day, ofStore), dayAfter(day, ofStore)];
          expect(next > day).toBe(true);
          expect(startOf(next, ofStore)).toEqual(end);
          expect(businessDayOf(end, ofStore)).toBe(next);
          expect(businessDayOf(new Date(end.getTime() - 1), ofStore)).toBe(day);
          day = next;
        }
      }),
      runs,
    );
  });

  it("a later instant is never in an earlier day", () => {
    fc.assert(
      fc.property(rules, at, fc.integer({ min: 0, max: 50 * hourMs }), (ofStore, instant, later) => {
        const after = new Date(instant.getTime() + later);
        expect(businessDayOf(after, ofStore) >= businessDayOf(instant, ofStore)).toBe(true);
      }),
      runs,
    );
  });

  it("the days of Oslo have 24 hours but for two of a year, which have 23 and 25, whenever they begin", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2000, max: 2040 }), twoDigits(23), (year, hour) => {
        const oslo = { timeZone: "Europe/Oslo", startsAt: `${hour}:00` };
        const lengths = new Map<number, number>();
        for (let day = `${year}-01-01`; day < `${year + 1}-01-01`; day = dayAfter(day, oslo)) {
          const hours = (endOf(day, oslo).getTime() - (startOf(day, oslo)?.getTime() ?? 0)) / hourMs;
          lengths.set(hours, (lengths.get(hours) ?? 0) + 1);
        }
        expect([lengths.get(23), lengths.get(25), lengths.size]).toEqual([1, 1, 3]);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ["Pacific/Apia", "2011-12-29", "2011-12-31"],
    ["Pacific/Fakaofo", "2011-12-29", "2011-12-31"],
    ["Pacific/Kwajalein", "1993-08-20", "1993-08-22"],
  ])("a date that the zone skipped is no day, whenever days begin: %s", (zone, before, after) => {
    fc.assert(
      fc.property(startsAt, (begin) => {
        const ofStore = { timeZone: zone, startsAt: begin };
        expect(dayAfter(before, ofStore)).toBe(after);
        expect(endOf(before, ofStore)).toEqual(startOf(after, ofStore));
        expect(businessDayOf(endOf(before, ofStore), ofStore)).toBe(after);
      }),
    );
  });
});
