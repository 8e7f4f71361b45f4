import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

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

it("the lock file and the changelog know the version", () => {
  expect(read("package-lock.json").version).toBe(version);
  const [, newest] = /^## (.+)$/m.exec(readFileSync(join(root, "CHANGELOG.md"), "utf8")) ?? [];
  expect(["Unreleased", version]).toContain(newest?.split(" ")[0]);
});
