import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { operationNames } from "@tillkeeper/contract/operations";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

/**
 * The first lists in its requests for files the kinds that have files; the second is printed from the table; the third does not
 * compile when it differs from it.
 */
const namingAllBesides = new Set([
  "hostile/src/recipes.ts",
  "packages/cli/src/calls/call-table.ts",
  "packages/console/src/parts/operation-kinds.ts",
]);

/**
 * The files in CONTRIBUTING.md under "Adding an operation kind": between backticks at the beginning of its numbered
 * lines.
 */
function filesToTouch(): string[] {
  const [, section = ""] = read("CONTRIBUTING.md").split("## Adding an operation kind\n");
  return [...section.split("\n## ")[0]!.matchAll(/^\d\. `([^`]+)`/gm)].map(([, path]) => path as string);
}

describe("a new kind of operation", () => {
  it("touches at most four source files, and CONTRIBUTING.md names them", () => {
    const files = filesToTouch();
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThanOrEqual(4);
  });

  // What tests are put together from may name all kinds, as tests may.
  it("is forgotten nowhere else: no other source names all kinds that there are", () => {
    const sources = globSync("{packages/!(stage),bench,chaos,hostile,model}/src/**/*.ts", { cwd: root }).filter(
      (path) => !path.endsWith(".test.ts") && !namingAllBesides.has(path),
    );
    expect(sources.length).toBeGreaterThan(200);
    const naming = sources.filter((path) => {
      const code = withoutComments(read(path));
      return operationNames.every((name) => new RegExp(`\\b${name}\\b`).test(code));
    });
    expect(naming.toSorted()).toEqual(
      filesToTouch()
        .filter((path) => path.endsWith(".ts"))
        .toSorted(),
    );
  });

  it.each(["README.md", "docs/virtual-terminals.md"])("is named in %s", (document) => {
    for (const name of operationNames) expect(read(document), name).toContain(`\`${name}\``);
  });
});

function withoutComments(code: string): string {
  return code.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
}
