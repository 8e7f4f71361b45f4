import { expect, test } from "vitest";
import { isoDuration, readDuration } from "./durations.ts";

test.for([
  ["90s", 90, "PT1M30S"],
  ["5m", 300, "PT5M"],
  ["8h", 28_800, "PT8H"],
  ["1d12h", 129_600, "P1DT12H"],
  ["2d", 172_800, "P2D"],
] as const)("%s is %i seconds", ([text, seconds, iso]) => {
  expect(readDuration(text)).toBe(seconds);
  expect(isoDuration(seconds)).toBe(iso);
});

test.for(["", "8", "h", "0s", "8x", "-8h", "+8h", "8 h"])("'%s' is none", (text) => {
  expect(readDuration(text)).toBeUndefined();
});
