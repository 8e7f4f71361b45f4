import { describe, expect, it } from "vitest";
import { isDate, isDateTime } from "./formats.ts";

describe("a date and time", () => {
  it.each([
    ["2026-02-28T23:59:59Z", true],
    ["2026-02-29T00:00:00Z", false],
    ["2024-02-29T12:00:00.123456789+02:00", true],
    ["2026-02-30T06:00:00Z", false],
    ["2026-04-31T06:00:00Z", false],
    ["1900-02-29T06:00:00Z", false],
    ["2000-02-29T06:00:00Z", true],
    ["0004-02-29T06:00:00Z", true],
    ["2026-00-10T06:00:00Z", false],
    ["2026-13-10T06:00:00Z", false],
    ["2026-06-00T06:00:00Z", false],
    ["2026-06-29T25:00:00Z", false],
    ["2026-06-29T24:00:00Z", false],
    ["2026-06-29T23:59:59.999-23:59", true],
    ["2026-06-29T06:00:00+24:00", false],
    ["2026-06-29T06:00:00+01:60", false],
    ["2026-06-29T06:60:00Z", false],
    ["2026-06-30T23:59:60Z", false],
    ["2026-06-29t06:00:00z", true],
    ["2026-06-29T06:00:00.1234567890Z", false],
    ["2026-06-29 06:00:00Z", false],
    ["2026-06-29T06:00:00", false],
    ["0000-06-29T06:00:00Z", false],
  ])("%s: %s", (text, valid) => {
    expect(isDateTime(text)).toBe(valid);
  });
});

describe("a date", () => {
  it.each([
    ["2026-02-28", true],
    ["2024-02-29", true],
    ["2026-02-29", false],
    ["2026-6-29", false],
    ["2026-06-29T00:00:00Z", false],
    [" 2026-06-29", false],
    ["", false],
  ])("%s: %s", (text, valid) => {
    expect(isDate(text)).toBe(valid);
  });
});
