import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions, versionPattern } from "./versions.ts";

/** Each older than the next. */
const inOrder = [
  "rc1",
  "1.0-alpha",
  "1.0-alpha.2",
  "1.0-alpha.10",
  "1.0-beta",
  "1.0-rc.1",
  "1.0.0",
  "1.0.1-rc1",
  "1.0.1",
  "1.2",
  "1.10",
  "4.12b2",
  "4.12.1",
  "2024.11_3",
  "2024.11_12",
  "99999999999999999999.1",
  "100000000000000000000.1",
];

test("versions are ordered by their numbers, a pre-release before its release", () => {
  for (const [index, older] of inOrder.entries()) {
    for (const newer of inOrder.slice(index + 1)) {
      expect(compareVersions(older, newer), `${older} < ${newer}`).toBeLessThan(0);
      expect(compareVersions(newer, older), `${newer} > ${older}`).toBeGreaterThan(0);
    }
  }
});

test.each([
  ["4.2", "4.2.0"],
  ["4.2", "4.02"],
  ["4.2+build.7", "4.2+build.9"],
  ["4.2-RC1", "4.2-rc.1"],
])("%s and %s are the same age", (a, b) => {
  expect(compareVersions(a, b)).toBe(0);
});

const anyVersion = fc.stringMatching(new RegExp(versionPattern));

test("the order is one, whatever the versions are", () => {
  fc.assert(
    fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
      expect(compareVersions(a, a)).toBe(0);
      expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
      const sorted = [a, b, c].toSorted(compareVersions);
      expect(compareVersions(sorted[0] as string, sorted[2] as string)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 2_000 },
  );
});

test("it takes any text: a device says what it runs in its own words", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => Number.isInteger(compareVersions(a, b))));
});
