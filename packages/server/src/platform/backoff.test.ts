import { expect, it } from "vitest";
import { backoff } from "./backoff.ts";

it("backoff doubles to its longest, and takes up to half of it away by chance", () => {
  const retryMs = { first: 200, longest: 10_000 };
  const whole = [0, 1, 2, 3, 10, 1_000].map((attempt) => backoff(attempt, retryMs, () => 1));
  expect(whole).toEqual([200, 400, 800, 1_600, 10_000, 10_000]);
  expect(whole.map((_, attempt) => backoff(attempt, retryMs, () => 0))).toEqual([100, 200, 400, 800, 1_600, 3_200]);
});
