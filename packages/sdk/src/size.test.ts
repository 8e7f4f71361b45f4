import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const most = 20 * 1024;

test("the client is small: all of its sources, with comments, are under 20 KB when compressed", () => {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const sources = names.map((name) => stripTypeScriptTypes(readFileSync(join(import.meta.dirname, name), "utf8")));
  expect(sources.length).toBeGreaterThan(5);
  expect(gzipSync(sources.join("\n")).length).toBeLessThan(most);
});
