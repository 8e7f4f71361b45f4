import { iso31661Alpha2ToAlpha3 } from "iso-3166";
import { describe, expect, it } from "vitest";
import { readTimeZone, timeZonesOf } from "../../platform/time-zones.ts";
import { timeZoneOf } from "./time-zones.ts";

type Place = Parameters<typeof timeZoneOf>[0];

const addressIn = (country: string) => ({ address_line: "1", postal_place: "Somewhere", country });
const nowhere: Place = { configured: undefined, ofAccount: null, address: null, organization: null, year: 2026 };
const inCountry = (country: string, more: Partial<Place> = {}) =>
  timeZoneOf({ ...nowhere, address: addressIn(country), ...more });

describe("the time zone of a store", () => {
  it("exists for every country there is, by a name of today, in the country", () => {
    for (const country of Object.keys(iso31661Alpha2ToAlpha3)) {
      const { time_zone: zone } = inCountry(country);
      expect([country, readTimeZone(zone)]).toEqual([country, { zone }]);
      const zones = timeZonesOf(country);
      if (zones.length > 0) expect([country, zones]).toEqual([country, expect.arrayContaining([zone])]);
    }
    const named = ["NO", "SE", "DE", "US", "BR", "PT", "BV", "FO", "IN", "NP", "VN", "MM", "ER", "AR", "UA", "GL"];
    expect(named.map((country) => inCountry(country).time_zone)).toEqual([
      "Europe/Oslo",
      "Europe/Stockholm",
      "Europe/Berlin",
      "America/New_York",
      "America/Sao_Paulo",
      "Europe/Lisbon",
      "UTC",
      "Atlantic/Faroe",
      "Asia/Kolkata",
      "Asia/Kathmandu",
      "Asia/Ho_Chi_Minh",
      "Asia/Yangon",
      "Africa/Asmara",
      "America/Argentina/Buenos_Aires",
      "Europe/Kyiv",
      "America/Nuuk",
    ]);
  });

  it("is a guess without an address, and in a country whose clocks differ", () => {
    for (const country of ["NO", "DE", "GB", "IN", "FO"])
      expect([country, inCountry(country)]).toEqual([
        country,
        { time_zone: expect.any(String), time_zone_source: "country" },
      ]);
    for (const country of ["US", "ES", "PT", "BR", "CN"])
      expect([country, inCountry(country)]).toMatchObject([
        country,
        { time_zone_source: "country", time_zone_guess: expect.stringContaining(`${country}, has several time zones`) },
      ]);
    expect(timeZoneOf(nowhere)).toEqual({
      time_zone: "UTC",
      time_zone_source: "default",
      time_zone_guess: expect.stringContaining("Nothing says where the store is"),
    });
    expect(timeZoneOf({ ...nowhere, organization: { country: "DK" } })).toEqual({
      time_zone: "Europe/Copenhagen",
      time_zone_source: "country",
      time_zone_guess: expect.stringContaining("has no address"),
    });
    // An organization without a country is Norwegian.
    expect(timeZoneOf({ ...nowhere, organization: {} }).time_zone).toBe("Europe/Oslo");
    expect(inCountry("BV").time_zone_source).toBe("default");
  });

  it("is the account's where the store says nothing, or its country has several", () => {
    const ofAccount = "America/Chicago";
    const byAccount = { time_zone: ofAccount, time_zone_source: "account" };
    expect(timeZoneOf({ ...nowhere, ofAccount })).toEqual(byAccount);
    expect(timeZoneOf({ ...nowhere, ofAccount, organization: {} })).toEqual(byAccount);
    expect(inCountry("US", { ofAccount })).toEqual(byAccount);
    expect(inCountry("BV", { ofAccount })).toEqual(byAccount);
    expect(inCountry("NO", { ofAccount })).toEqual({ time_zone: "Europe/Oslo", time_zone_source: "country" });
    // Chicago is not in Spain: no reason to take it.
    expect(inCountry("ES", { ofAccount })).toMatchObject({ time_zone: "Europe/Madrid", time_zone_source: "country" });
    expect(inCountry("NO", { ofAccount, configured: "Asia/Tokyo" })).toEqual({
      time_zone: "Asia/Tokyo",
      time_zone_source: "store",
    });
  });

  it("set by a name that is refused today is the zone that it led to, or as if none was set", () => {
    expect(inCountry("NO", { configured: "US/Eastern" }).time_zone).toBe("America/New_York");
    expect(inCountry("IN", { configured: "asia/calcutta" })).toEqual({
      time_zone: "Asia/Kolkata",
      time_zone_source: "store",
    });
    expect(inCountry("GB", { configured: "BST" })).toEqual({ time_zone: "Europe/London", time_zone_source: "country" });
  });
});
