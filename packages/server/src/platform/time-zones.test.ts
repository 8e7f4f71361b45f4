import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readTimeZone, showTheSame, timeZoneFault, timeZonesOf } from "./time-zones.ts";

const zoneTab = "/usr/share/zoneinfo/zone.tab";

/** The lines of IANA's zone.tab, where the machine has it: countries and the zones in them. */
function tabulated(): [country: string, zone: string][] {
  const lines = readFileSync(zoneTab, "utf8").split("\n");
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [country = "", , zone = ""] = line.split("\t");
      return [country, zone];
    });
}

describe("names of time zones", () => {
  it("are kept in today's spelling, whatever case and former spelling they come in", () => {
    for (const [given, zone] of [
      ["Europe/Oslo", "Europe/Oslo"],
      ["europe/oslo", "Europe/Oslo"],
      ["EUROPE/OSLO", "Europe/Oslo"],
      ["america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"],
      ["utc", "UTC"],
      ["Etc/UTC", "UTC"],
      ["etc/gmt+3", "Etc/GMT+3"],
      // What browsers still report (tc39/proposal-canonical-tz).
      ["Asia/Calcutta", "Asia/Kolkata"],
      ["Europe/Kiev", "Europe/Kyiv"],
      ["Atlantic/Faeroe", "Atlantic/Faroe"],
    ])
      expect([given, readTimeZone(given as string)]).toEqual([given, { zone }]);
  });

  // adobe/react-spectrum #7065: CLDR reads BST as Dhaka, ACT as Darwin. IANA knows none of them.
  it("are no abbreviations, nor anything else that IANA does not have", () => {
    for (const name of ["BST", "ACT", "AST", "IST", "ECT", "CST", "PST", "SST", "VST", "bst", "CET", "EST", "GMT"])
      expect([name, readTimeZone(name)]).toEqual([name, { instead: undefined }]);
    for (const name of [
      "Oslo",
      "+01:00",
      "GMT+1",
      "Europe/",
      "Europe/Oslo ",
      "../Oslo",
      "Europe//Oslo",
      "",
      "constructor",
    ])
      expect([name, readTimeZone(name).zone]).toEqual([name, undefined]);
  });

  it("are no links to other zones either: then the zone is named", () => {
    for (const [link, zone] of [
      ["US/Eastern", "America/New_York"],
      ["EST5EDT", "America/New_York"],
      ["Japan", "Asia/Tokyo"],
      ["America/Buenos_Aires_", undefined],
      ["Asia/Istanbul", "Europe/Istanbul"],
    ])
      expect([link, readTimeZone(link as string)]).toEqual([link, { instead: zone }]);
    expect(timeZoneFault("America/New_York")).toMatch(/Europe\/Oslo: for this one, America\/New_York$/);
  });

  // nextcloud/server #41606, tzinfo/tzinfo #163: new systems lack the retired names. IANA's zone.tab has those of today.
  it.runIf(existsSync(zoneTab))("are those of IANA's zone.tab, for each country", () => {
    const byCountry = Map.groupBy(tabulated(), ([country]) => country);
    expect(byCountry.size).toBeGreaterThan(240);
    for (const [country, lines] of byCountry) {
      const zones = lines.map(([, zone]) => zone).toSorted();
      expect([country, timeZonesOf(country).toSorted()]).toEqual([country, zones]);
      for (const zone of zones) expect(readTimeZone(zone)).toEqual({ zone });
    }
  });

  it("show the same time, or do not", () => {
    expect(showTheSame(["Europe/Berlin", "Europe/Busingen"], 2026)).toBe(true);
    expect(showTheSame(["Europe/Madrid", "Atlantic/Canary"], 2026)).toBe(false);
    // Equal in winter only.
    expect(showTheSame(["America/Denver", "America/Phoenix"], 2026)).toBe(false);
    expect(showTheSame(["Europe/Oslo"], 2026)).toBe(true);
    expect(showTheSame([], 2026)).toBe(false);
  });
});
