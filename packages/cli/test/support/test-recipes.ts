import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../../../../docs/sandbox-for-tests.md", import.meta.url));

/** The files of the page on sandboxes for tests, by name: each name stands in backquotes before its block. */
export function testRecipes(): Map<string, string> {
  const found = readFileSync(page, "utf8").matchAll(
    /`(?<name>[\w.]+\.(?:mjs|py))`[^`]*```(?:js|py)\n(?<code>.*?)```/gs,
  );
  return new Map([...found].map(({ groups }) => [groups?.["name"] ?? "", groups?.["code"] ?? ""]));
}
