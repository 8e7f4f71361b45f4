import { describe, expect, it } from "vitest";
import { businessDayOf, dayAfter, endOf, startOf } from "./business-day.ts";

const oslo = { timeZone: "Europe/Oslo", startsAt: "05:00" };
const hours = (day: string, rules: typeof oslo) =>
  (endOf(day, rules).getTime() - (startOf(day, rules)?.getTime() ?? Number.NaN)) / 3_600_000;

describe("a business day", () => {
  it("is named by the date on which it began, so a late evening belongs to the day before midnight", () => {
    expect(businessDayOf(new Date("2026-06-28T23:30:00+02:00"), oslo)).toBe("2026-06-28");
    expect(businessDayOf(new Date("2026-06-29T04:59:59.999+02:00"), oslo)).toBe("2026-06-28");
    expect(businessDayOf(new Date("2026-06-29T05:00:00+02:00"), oslo)).toBe("2026-06-29");
  });

  it("has 23 hours when clocks go forward and 25 when they go back", () => {
    const midnight = { ...oslo, startsAt: "00:00" };
    expect([hours("2026-03-28", oslo), hours("2026-03-29", oslo)]).toEqual([23, 24]);
    expect([hours("2026-03-29", midnight), hours("2026-10-25", midnight)]).toEqual([23, 25]);
  });

  it("begins after the gap when its time of day is skipped, and at the first of two when it comes twice", () => {
    const early = { ...oslo, startsAt: "02:30" };
    // Clocks go from 02:00 to 03:00 at 01:00 UTC, and back from 03:00 to 02:00 at 01:00 UTC.
    expect(startOf("2026-03-29", early)).toEqual(new Date("2026-03-29T01:00:00Z"));
    expect(startOf("2026-10-25", early)).toEqual(new Date("2026-10-25T00:30:00Z"));
    expect(businessDayOf(new Date("2026-10-25T01:15:00Z"), early)).toBe("2026-10-25");
  });

  it("may begin on the next date when the evening's last hour is skipped, as in Nuuk", () => {
    // Clocks go from 23:00 to 24:00 at 01:00 UTC of 29 March.
    const nuuk = { timeZone: "America/Nuuk", startsAt: "23:30" };
    expect(startOf("2026-03-28", nuuk)).toEqual(new Date("2026-03-29T01:00:00Z"));
    expect(businessDayOf(new Date("2026-03-29T01:00:00Z"), nuuk)).toBe("2026-03-28");
    expect(dayAfter("2026-03-28", nuuk)).toBe("2026-03-29");
  });

  it("does not exist on a date that the zone skipped, as 30 December 2011 in Samoa", () => {
    const apia = { timeZone: "Pacific/Apia", startsAt: "05:00" };
    expect(startOf("2011-12-30", apia)).toBeUndefined();
    expect(dayAfter("2011-12-29", apia)).toBe("2011-12-31");
    // The clocks went from the end of the 29th to 00:00 on the 31st.
    expect(businessDayOf(new Date("2011-12-30T10:30:00Z"), apia)).toBe("2011-12-29");
    expect(businessDayOf(new Date("2011-12-30T15:00:00Z"), apia)).toBe("2011-12-31");
    expect(hours("2011-12-29", { ...apia })).toBe(24);
  });

  it("follows the one before without gap or overlap, in every zone, at odd times of the day", () => {
    for (const timeZone of Intl.supportedValuesOf("timeZone")) {
      for (const startsAt of ["00:00", "02:30", "23:59"]) {
        const rules = { timeZone, startsAt };
        for (const day of ["2026-03-07", "2026-03-28", "2026-04-04", "2026-09-26", "2026-10-24", "2026-10-31"]) {
          const end = endOf(day, rules);
          expect(businessDayOf(end, rules), `${timeZone} ${startsAt}`).toBe(dayAfter(day, rules));
          expect(businessDayOf(new Date(end.getTime() - 1), rules), `${timeZone} ${startsAt}`).toBe(day);
        }
      }
    }
  });
});
