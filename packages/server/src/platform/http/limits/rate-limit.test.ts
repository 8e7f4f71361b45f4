import { describe, expect, it } from "vitest";
import { createSpanLimit } from "./rate-limit.ts";

describe("a limit over a span", () => {
  it("lets so many through in any span of that length, and says how long to wait", () => {
    let now = 0;
    const limit = createSpanLimit(10, 60, () => now);
    const take = (atSeconds: number, key = "a") => {
      now = atSeconds * 1000;
      return limit.take(key);
    };
    for (let second = 0; second < 10; second += 1) expect(take(second)).toBe(0);
    expect(take(10)).toBe(50);
    expect(take(59.5)).toBe(0.5);
    expect(take(59.5, "b")).toBe(0);
    // The first turn is 60 s old: one more is free, and the next when the second turn is 60 s old.
    expect(take(60)).toBe(0);
    expect(take(60)).toBe(1);
    // Refused turns cost nothing: a whole span lets ten through.
    const through = Array.from({ length: 600 }, (_, tenth) => take(200 + tenth / 10)).filter((wait) => wait === 0);
    expect(through).toHaveLength(10);
    expect(take(260)).toBe(0);
  });
});
