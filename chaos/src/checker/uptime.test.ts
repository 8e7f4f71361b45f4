import { describe, expect, it } from "vitest";
import { merged, timeWithin, without } from "./uptime.ts";

const periods = [
  { from: 100, to: 200 },
  { from: 300, to: 350 },
];

describe("uptime", () => {
  it("counts only what lies in the periods", () => {
    expect(timeWithin(periods, 0, 1000)).toBe(150);
    expect(timeWithin(periods, 150, 320)).toBe(70);
    expect(timeWithin(periods, 200, 300)).toBe(0);
    expect(timeWithin(periods, 320, 310)).toBe(0);
    expect(timeWithin([], 0, 10)).toBe(0);
  });

  it("merges what touches, in any order, and drops what is empty", () => {
    const scattered = [
      { from: 5, to: 9 },
      { from: 0, to: 3 },
      { from: 3, to: 4 },
      { from: 6, to: 7 },
      { from: 20, to: 20 },
    ];
    expect(merged(scattered)).toEqual([
      { from: 0, to: 4 },
      { from: 5, to: 9 },
    ]);
  });

  it("takes away what others cover", () => {
    const others = [
      { from: 120, to: 130 },
      { from: 190, to: 310 },
    ];
    expect(without(periods, others)).toEqual([
      { from: 100, to: 120 },
      { from: 130, to: 190 },
      { from: 310, to: 350 },
    ]);
    expect(without(periods, [])).toEqual(periods);
    expect(without(periods, [{ from: 0, to: 1000 }])).toEqual([]);
  });
});
