import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { expect, it, onTestFinished } from "vitest";
import { ownFiles } from "../src/own-files.ts";
import { emptyFolder } from "./support.ts";

/** Packs one module that is beside `data/one.sql` and `thread.ts`. Resolves with the names of the packed files. */
async function pack(code: string, exempt: readonly string[] = []): Promise<string[]> {
  const { folder, remove } = emptyFolder();
  onTestFinished(remove);
  const place = join(folder, "packages/part/src");
  mkdirSync(join(place, "data"), { recursive: true });
  writeFileSync(join(place, "module.ts"), code);
  writeFileSync(join(place, "data/one.sql"), "select 1");
  writeFileSync(join(place, "thread.ts"), "export {};");
  const build = await rolldown({
    input: join(place, "module.ts"),
    platform: "node",
    plugins: [ownFiles(folder, exempt)],
  });
  const { output } = await build.generate();
  await build.close();
  return output.map(({ fileName }) => fileName).toSorted();
}

it("a folder and a script that a module finds by its own place come along", async () => {
  const code = 'export default [new URL("./data/", import.meta.url), new URL("./thread.ts", import.meta.url)];';
  expect(await pack(code)).toEqual(["module.js", "part-data/one.sql", "part-thread.js"]);
});

it.each([
  ["a file that is not there", 'export default new URL("./gone.txt", import.meta.url);', "which does not exist"],
  ["a place that is put together", "export default (name) => new URL(name, import.meta.url);", "does not know"],
  ["its folder", "export default import.meta.dirname;", "does not know"],
])("a module that names %s is not packed", async (_, code, reason) => {
  await expect(pack(code)).rejects.toThrow(reason);
});

it("but a module may be said to know", async () => {
  expect(await pack("export default import.meta.dirname;", ["packages/part/src/module.ts"])).toEqual(["module.js"]);
});
