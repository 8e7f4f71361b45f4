import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
/** What the published packages export, by what a program imports. */
const entries = {
  "@tillkeeper/sdk": "packages/sdk/src/index.ts",
  "@tillkeeper/sdk/node": "packages/sdk/src/node.ts",
  "@tillkeeper/sandbox": "packages/sandbox/src/index.ts",
  "@tillkeeper/agent": "packages/agent/src/index.ts",
  "@tillkeeper/agent/virtual": "packages/virtual-terminals/src/index.ts",
};
const shown = /^import (?:type )?\{([^}]+)\} from "(@tillkeeper\/[\w/-]+)";$/gm;

it("programs in documents import only names that the published packages export", () => {
  const documents = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".md") && !path.includes("node_modules") && !path.includes("fixtures"),
  );
  const found = documents.flatMap((path) =>
    [...readFileSync(join(root, path), "utf8").matchAll(shown)].flatMap(([, names = "", entry = ""]) =>
      names.split(",").map((name) => ({ path, entry, name: name.trim().replace(/^type /, "") })),
    ),
  );
  expect(found.length).toBeGreaterThan(5);
  const exported = new Map(Object.entries(entries).map(([entry, file]) => [entry, exportsOf(join(root, file))]));
  const missing = found.filter(({ entry, name }) => !exported.get(entry)?.has(name));
  expect(missing.map(({ path, entry, name }) => `${relative(".", path)}: ${name} of ${entry}`)).toEqual([]);
});

function exportsOf(path: string): Set<string> {
  const { module } = parseSync(path, readFileSync(path, "utf8"));
  return new Set(
    module.staticExports.flatMap(({ entries: names }) => names.flatMap(({ exportName: { name } }) => name ?? [])),
  );
}
