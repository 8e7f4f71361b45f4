import { describe, expect, it } from "vitest";
import { createLogger } from "../../../platform/log/log.ts";
import { Takeovers } from "./takeovers.ts";

const address = "T1-T0001-D1";

/** What is said of connections of one address, at instants that the test says. */
function scene() {
  let now = 0;
  const takeovers = new Takeovers(createLogger("silent"), () => now);
  return {
    /** `runs`: of the connections that end each other, in turn. */
    take: (...runs: string[]) =>
      runs.forEach((run, n) => {
        if (n > 0) takeovers.tookOver(address, { session: `${run}.${n}` }, { session: `${runs[n - 1]}.${n - 1}` });
      }),
    waits: (run: string, others: string[]) =>
      takeovers.mustWait(
        address,
        { session: `${run}.99` },
        others.map((other) => ({ session: `${other}.98` })),
      ),
    pass: (seconds: number) => {
      now += seconds * 1_000;
    },
  };
}

describe("devices that end each other's connections", () => {
  it("are told to wait for longer and longer, up to a minute", () => {
    const { take, waits, pass } = scene();
    take("a", "b", "a", "b", "a");
    expect(waits("b", ["a"])).toBe(false);
    take("a", "b");
    for (const [turn, seconds] of [5, 10, 20, 40, 60, 60].entries()) {
      const [out, here] = turn % 2 ? (["b", "a"] as const) : (["a", "b"] as const);
      pass(seconds - 1);
      expect(waits(out, [here])).toBe(true);
      pass(1);
      expect(waits(out, [here])).toBe(false);
      take(here, out);
    }
  });

  it("wait only where they would end another's connection, which is let in again itself", () => {
    const { take, waits } = scene();
    take("a", "b", "a", "b", "a", "b");
    expect(waits("a", ["b"])).toBe(true);
    expect(waits("b", ["b"])).toBe(false);
    expect(waits("a", [])).toBe(false);
  });

  it("are forgotten a minute after the last pause", () => {
    const { take, waits, pass } = scene();
    take("a", "b", "a", "b", "a", "b");
    pass(5 + 60);
    take("b", "a", "b");
    expect(waits("a", ["b"])).toBe(false);
  });

  it("are none where one comes back, or is started anew, however often", () => {
    const { take, waits } = scene();
    take(...Array.from({ length: 20 }, () => "a"));
    take(...Array.from({ length: 20 }, (_, turn) => `run-${turn}`));
    expect(waits("a", ["b"])).toBe(false);
  });
});
