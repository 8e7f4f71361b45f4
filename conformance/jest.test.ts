import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { folderOfTest } from "@tillkeeper/stage/folders";
import { Program } from "@tillkeeper/stage/processes/program";
import { expect, test } from "vitest";
import { testRecipes } from "../packages/cli/test/support/test-recipes.ts";

const jest = join(import.meta.dirname, "programs/node_modules/jest/bin/jest.js");

test("the recipe for jest runs as docs/sandbox-for-tests.md has it", async ({ onTestFinished }) => {
  const folder = folderOfTest("jest", onTestFinished);
  symlinkSync(join(import.meta.dirname, "../node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const [name, text] of testRecipes()) if (name.includes("jest")) writeFileSync(join(folder, name), text);
  const temporary = join(folder, "tmp");
  mkdirSync(temporary, { mode: 0o1777 });
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    HOME: folder,
    XDG_CACHE_HOME: join(folder, "cache"),
    TMPDIR: temporary,
  };
  const command = [process.execPath, "--experimental-vm-modules", jest, "--rootDir", folder];
  const ended = await new Program(command, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }).ended;
  expect(ended.stderr).toMatch(/Tests: .*2 passed/);
  expect(ended).toMatchObject({ code: 0 });
});
