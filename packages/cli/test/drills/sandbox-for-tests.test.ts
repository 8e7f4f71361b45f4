import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "@tillkeeper/stage/processes/program";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const recipes = recipesOf(readFileSync(join(root, "docs/sandbox-for-tests.md"), "utf8"));

let folder: string;
let env: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tk-recipes-"));
  chmodSync(folder, 0o755);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const [name, text] of recipes) writeFileSync(join(folder, name), text);
  env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    HOME: folder,
    XDG_CACHE_HOME: join(folder, "cache"),
    TMPDIR: tmpdir(),
  };
});

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** The files of the document: each is named, in backquotes, before its block. */
function recipesOf(text: string): Map<string, string> {
  const found = text.matchAll(/`(?<name>[\w.]+\.(?:mjs|py))`[^`]*```(?:js|py)\n(?<code>.*?)```/gs);
  return new Map([...found].map(({ groups }) => [groups?.["name"] ?? "", groups?.["code"] ?? ""]));
}

/** Runs a command to its end, in the folder of the recipes. */
function run(...command: string[]) {
  return new Program(command, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }).ended;
}

test("the document has all recipes", () => {
  expect([...recipes.keys()]).toEqual(["closing.test.mjs", "closing.spec.mjs", "conftest.py", "test_closing.py"]);
});

test("node:test", async () => {
  const ended = await run(process.execPath, "--test", "--test-reporter=tap", "closing.test.mjs");
  expect(ended.stdout).toContain("# pass 2\n");
  expect(ended).toMatchObject({ code: 0 });
});

test("vitest", async () => {
  const ended = await run("npx", "--no-install", "vitest", "run", "--root", folder, "closing.spec.mjs");
  expect(ended.stdout).toMatch(/Tests .*2 passed/);
  expect(ended).toMatchObject({ code: 0 });
});

test("pytest", async () => {
  const ended = await run("python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_closing.py");
  expect(ended.stdout).toContain("2 passed");
  expect(ended).toMatchObject({ code: 0 });
});

test("nothing of them is left in the folder for temporary files", () => {
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("tillkeeper-sandbox-"))).toEqual([]);
});
