import { describe, expect, it } from "vitest";
import { bucketOf, percentile95 } from "./durations.ts";

/** So many durations of so many milliseconds each. */
function counts(...of: [count: number, ms: number][]): Map<number, number> {
  return new Map(of.map(([count, ms]) => [bucketOf(ms), count]));
}

/** A bucket holds durations to 15 percent. */
const about = (ms: number) => (value: number | undefined) => value !== undefined && value >= ms && value <= ms * 1.15;

describe("how long operations can be expected to take", () => {
  it("is the 95th percentile of those seen", () => {
    expect(percentile95(counts([95, 400], [5, 30_000]), 0)).toSatisfy(about(400));
    expect(percentile95(counts([94, 400], [6, 30_000]), 0)).toSatisfy(about(30_000));
  });

  it("is of those that took longer, once an operation has taken longer than most", () => {
    expect(percentile95(counts([95, 400], [5, 30_000]), 1_000)).toSatisfy(about(30_000));
  });

  it("is not known of too few, nor beyond what was ever seen", () => {
    expect(percentile95(counts([19, 400]), 0)).toBeUndefined();
    expect(percentile95(counts([20, 400]), 0)).toSatisfy(about(400));
    expect(percentile95(counts([100, 400]), 10_000)).toBeUndefined();
  });

  it("is never shorter than an operation has taken already", () => {
    for (let elapsed = 0; elapsed < 30_000; elapsed += 97) {
      expect(percentile95(counts([95, 400], [5, 30_000]), elapsed)).toBeGreaterThan(elapsed);
    }
  });

  it("puts the shortest durations and those of a clock that was set back into the first bucket", () => {
    expect([bucketOf(0), bucketOf(1), bucketOf(-5)]).toEqual([0, 0, 0]);
  });
});
