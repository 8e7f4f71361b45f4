import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { expect, test } from "vitest";
import { documentedIn } from "../test/support/doc-comments.ts";
import { referenceText } from "../test/support/reference-text.ts";

const text = referenceText(endpoints);

test("docs/sdk-reference.md is what the doc comments and the endpoints say", () => {
  const path = resolve(import.meta.dirname, "../../../docs/sdk-reference.md");
  if (process.env["UPDATE_REFERENCE"] === "1") writeFileSync(path, text);
  expect(readFileSync(path, "utf8") === text, "docs/sdk-reference.md is out of date: npm run reference").toBe(true);
});

test.for(["index.ts", "node.ts"])("all that %s exports of this package's own is in it", (entry) => {
  const source = readFileSync(resolve(import.meta.dirname, entry), "utf8");
  const blocks = [...source.matchAll(/export (?:type )?\{(?<names>[^}]*)\} from "\.\//g)];
  const again = blocks.flatMap(({ groups }) => groups?.["names"]?.split(",") ?? []);
  const names = [
    ...again.map((name) => name.replace("type ", "").trim()).filter((name) => name !== ""),
    ...documentedIn(resolve(import.meta.dirname, entry)).flatMap((each) => (each.isExported ? [each.name] : [])),
  ];
  expect(names).not.toEqual([]);
  const headings = new Set(text.match(/(?<=^### )\w+/gm));
  expect(names.filter((name) => !headings.has(name))).toEqual([]);
});
