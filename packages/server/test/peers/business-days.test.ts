// @module-tag nightly: every zone on every day of sixteen years.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { startOf } from "../../src/closings/days/business-day.ts";

const program = join(import.meta.dirname, "../support/business_days.py");
const run = promisify(execFile);

/** Zones whose rules changed after the time zone data of Debian 12 (2025b). Newer data agrees with Node's on them, too. */
const changedSince = new Set([
  "Africa/Casablanca",
  "Africa/El_Aaiun",
  "America/Edmonton",
  "America/Vancouver",
  "America/Yellowknife",
  "Europe/Chisinau",
]);
const zones = Intl.supportedValuesOf("timeZone").filter((zone) => !changedSince.has(zone));

/** The release of Debian's time zone data. */
const released = /^# version (?<release>\d{4}[a-z])/.exec(readFileSync("/usr/share/zoneinfo/tzdata.zi", "utf8"));
const releases = [released?.groups?.["release"] ?? "", process.versions["tz"] ?? ""].toSorted();
/**
 * Countries change future offsets, and a release of the data has the decisions up to its date: where Node's is another one than
 * Debian's, some zones may differ from the year of the older one on.
 */
const changeableFrom = releases[0] === releases[1] ? "9999" : (releases[0] as string).slice(0, 4);
const mostChanged = 20;

/** Compares our business days with those of Python's zoneinfo. Returns the differences, and how many days were compared. */
async function compare(starts: string[], which: "all" | "changes") {
  const args = [program, starts.join(","), "2020-2035", which, ...zones];
  const { stdout } = await run("/usr/bin/python3", args, { maxBuffer: 2 ** 30 });
  const different: string[] = [];
  const changed = new Set<string>();
  let compared = 0;
  for (const line of stdout.trim().split("\n")) {
    const [timeZone = "", startsAt = "", ...days] = line.split(" ");
    for (const entry of days) {
      const [day = "", minute] = entry.split(":");
      compared++;
      if (startOf(day, { timeZone, startsAt })?.getTime() === Number(minute) * 60_000) continue;
      if (day >= changeableFrom) changed.add(timeZone);
      else different.push(`${timeZone} ${startsAt} ${entry}`);
    }
  }
  expect(changed.size).toBeLessThan(mostChanged);
  return { different, compared };
}

describe("business days by Python's zoneinfo", () => {
  it("begin at the same instant, in every zone, on every day of 2020 to 2035", async () => {
    const { different, compared } = await compare(["05:00"], "all");
    expect(different).toEqual([]);
    expect(compared).toBe(zones.length * 5_844);
  });

  it("begin at the same instant at odd times of the day, whenever a zone changes its clocks", async () => {
    const odd = ["00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "12:34", "23:00", "23:30", "23:59"];
    const { different, compared } = await compare(odd, "changes");
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(100_000);
  });
});
