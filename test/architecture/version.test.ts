import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { newestVersions } from "../../publishing/src/release/release.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const { version, workspaces } = read("package.json");

it("all packages have the version of the whole, and ask for each other at it", () => {
  const paths = (workspaces as string[]).flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: root }));
  expect(paths.length).toBeGreaterThan(7);
  const different = paths.flatMap((path) => {
    const manifest = read(path);
    const needed = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    const own = needed.filter(([name]) => name.startsWith("@tillkeeper/"));
    return [[path, manifest.version], ...own.map(([name, wanted]) => [`${path} ${name}`, wanted])].filter(
      ([, stated]) => stated !== version,
    );
  });
  expect(different).toEqual([]);
});

it("the lock file knows the version, and each document with notes begins with it", () => {
  expect(read("package-lock.json").version).toBe(version);
  for (const newest of newestVersions(root)) {
    expect(newest).toMatch(new RegExp(`^${version.replaceAll(".", "\\.")}, (unreleased|\\d{4}-\\d\\d-\\d\\d)$`));
  }
});
