import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const recursive = /\bmkdir(?:Sync)?\([^;]*recursive: true/;

it("programs make folders with makeFolder: Node's recursive mkdir may never return", () => {
  expect(recursive.test("await mkdir(folder, { recursive: true, mode: 0o700 });")).toBe(true);
  const sources = globSync("packages/{agent,cli,server,virtual-terminals}/src/**/*.ts", { cwd: root });
  expect(sources.length).toBeGreaterThan(300);
  const found = sources
    .filter((path) => !path.endsWith(".test.ts"))
    .filter((path) => recursive.test(readFileSync(join(root, path), "utf8")));
  expect(found).toEqual([]);
});
