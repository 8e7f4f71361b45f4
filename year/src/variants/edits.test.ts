import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { editsOf } from "./edits.ts";
import { variants } from "./variants.ts";

const root = new URL("../../../", import.meta.url);
const names = [undefined, ...variants.map(({ name }) => name)];

describe("edits of a server's sources", () => {
  it.each(names)("find one place each: variant %s", (name) => {
    for (const { file, find } of editsOf(name)) {
      const places = readFileSync(fileURLToPath(new URL(file, root)), "utf8").split(find).length - 1;
      expect({ file, find, places }).toEqual({ file, find, places: 1 });
    }
  });
});
