import { expect, it } from "vitest";
import { clockState } from "./routes.ts";

it("calls a clock off from a second on and wrong from five on, ahead or behind", () => {
  expect([0, 1_000, 1_001, 5_000, 5_001].map(clockState)).toEqual(["right", "right", "off", "off", "wrong"]);
  expect([-1_000, -1_001, -5_001].map(clockState)).toEqual(["right", "off", "wrong"]);
});
