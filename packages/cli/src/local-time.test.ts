import { expect, test } from "vitest";
import { latestAt, localParts } from "./local-time.ts";

const now = new Date("2026-06-29T22:10:05Z");

test("clocks in a zone show its own date", () => {
  expect(localParts(now, "Europe/Oslo")).toEqual({ date: "2026-06-30", time: "00:10:05" });
  expect(localParts(now, "UTC")).toEqual({ date: "2026-06-29", time: "22:10:05" });
});

test("a time of day is the last one that there was", () => {
  expect(latestAt("23:31", now, "Europe/Oslo")).toBe("2026-06-29T23:31");
  expect(latestAt("00:05", now, "Europe/Oslo")).toBe("2026-06-30T00:05");
  expect(latestAt("23:31", new Date("2026-03-01T08:00:00Z"), "UTC")).toBe("2026-02-28T23:31");
});
