import { describe, expect, it } from "vitest";
import { systemClock } from "../platform/clock.ts";
import { bucketOf, createDurations, percentile95 } from "./durations.ts";

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
    expect(percentile95(counts([4, 400]), 0)).toBeUndefined();
    expect(percentile95(counts([5, 400]), 0)).toSatisfy(about(400));
    expect(percentile95(counts([100, 400]), 10_000)).toBeUndefined();
  });

  it("is never shorter than an operation has taken already", () => {
    for (let elapsed = 0; elapsed < 30_000; elapsed += 97) {
      expect(percentile95(counts([95, 400], [5, 30_000]), elapsed)).toBeGreaterThan(elapsed);
    }
  });

  it("is by the model of the terminal, or by all models where that one is little known", () => {
    // Nothing is read from the database or written to it here.
    const durations = createDurations({ db: undefined as never, clock: systemClock });
    const observe = (model: string | null, ms: number, times: number) => {
      for (let time = 0; time < times; time += 1) durations.observe("send_logs", model, ms);
    };
    observe("S1P2", 14_000, 4);
    expect(durations.expectedMs("send_logs", "S1P2", 0)).toBeUndefined();
    observe(null, 30_000, 1);
    for (const model of ["S1P2", "SATURN1000", null])
      expect(durations.expectedMs("send_logs", model, 0)).toSatisfy(about(30_000));
    observe("S1P2", 14_000, 1);
    expect(durations.expectedMs("send_logs", "S1P2", 0)).toSatisfy(about(14_000));
    // Beyond all of its own model: only the deadline is certain, whatever other models take.
    expect(durations.expectedMs("send_logs", "S1P2", 20_000)).toBeUndefined();
    expect(durations.expectedMs("open_menu", "S1P2", 0)).toBeUndefined();
  });

  it("puts the shortest durations and those of a clock that was set back into the first bucket", () => {
    expect([bucketOf(0), bucketOf(1), bucketOf(-5)]).toEqual([0, 0, 0]);
  });
});
