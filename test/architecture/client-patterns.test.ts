import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { faultsOf } from "./pattern-faults.ts";
import { patternsInSources } from "./patterns.ts";

const root = resolve(import.meta.dirname, "../..");

/** Beside `patterns.test.ts`, so that two processors share the work. */
describe("no regular expression works longer than its text is long", { timeout: 300_000 }, () => {
  it.each(["agent", "sdk", "cli"])("in the sources of %s", async (name) => {
    const { patterns } = patternsInSources(root, `packages/${name}/src`);
    expect(patterns.length).toBeGreaterThan(0);
    expect(await faultsOf(patterns)).toEqual([]);
  });
});
