import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readImports } from "./imports.ts";

const root = join(import.meta.dirname, "../..");

/** What the checker of the simulated year may stand on: its own reading of zones, and what runs leave behind. */
const allowed = /^(year\/src\/(checker\/.*|days|devices\/history|plan\/faults)\.ts)$/;

describe("the checker of the simulated year", () => {
  it("knows nothing of the server: neither its sources nor the contract's rules of closings", () => {
    const imports = readImports(join(root, "year")).map((one) => ({ ...one, from: join("year", one.from) }));
    const ofChecker = imports.filter(({ from }) => allowed.test(from) && !from.endsWith(".test.ts"));
    const beyond = ofChecker.filter(({ specifier, file, typesOnly }) => {
      if (specifier === "temporal-polyfill") return false;
      if (typesOnly && specifier === "@tillkeeper/stage/programs/random") return false;
      return file === undefined || !allowed.test(join("year", file));
    });
    expect(ofChecker.length).toBeGreaterThan(10);
    expect(beyond.map(({ from, specifier }) => `${from}: ${specifier}`)).toEqual([]);
  });
});
