// @module-tag nightly: each runner of tests that the page names, with sandboxes of its own.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type StartSandboxOptions, startSandbox } from "@tillkeeper/sandbox";
import { Program } from "@tillkeeper/stage/processes/program";
import { until } from "@tillkeeper/stage/until";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { testRecipes } from "../support/test-recipes.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const recipes = testRecipes();

let folder: string;
let env: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tk-recipes-"));
  chmodSync(folder, 0o755);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const [name, text] of recipes) writeFileSync(join(folder, name), text);
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    HOME: folder,
    XDG_CACHE_HOME: join(folder, "cache"),
    TMPDIR: temporary,
  };
  // Sandboxes that this file starts itself share PostgreSQL with those of the recipes, and no other.
  vi.stubEnv("XDG_CACHE_HOME", env["XDG_CACHE_HOME"]);
  vi.stubEnv("TMPDIR", temporary);
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs a command to its end, in the folder of the recipes. */
function run(...command: string[]) {
  return new Program(command, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }).ended;
}

// conformance/jest.test.ts runs the one for jest.
test("the document has all recipes", () => {
  expect([...recipes.keys()]).toEqual([
    "closing.test.mjs",
    "closing.spec.mjs",
    "jest.config.mjs",
    "closing.jest.mjs",
    "conftest.py",
    "test_closing.py",
  ]);
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

/** A program that starts a sandbox, says where it is, and waits. */
const waiting = `
  import { startSandbox } from "@tillkeeper/sandbox";
  const { url } = await startSandbox({ terminals: { till: {} } });
  console.log(url);
  setInterval(() => {}, 1_000);
`;

const answers = (url: string) =>
  fetch(`${url}/health`).then(
    () => true,
    () => false,
  );

test("a sandbox ends with its program, when that is killed, too", async () => {
  writeFileSync(join(folder, "waiting.mjs"), waiting);
  const program = new Program([process.execPath, "waiting.mjs"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await program.prints(/http\S+\n/);
  const url = program.stdout.trim();
  expect(await answers(url)).toBe(true);
  await program.end("SIGKILL");
  await until(async () => !(await answers(url)), "the sandbox to end");
});

test("a program that has done its work ends, without stopping its sandbox", async () => {
  writeFileSync(join(folder, "forgetful.mjs"), waiting.replace(/ {2}setInterval.*/, ""));
  const { code, stdout, stderr } = await run(process.execPath, "forgetful.mjs");
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: expect.stringContaining("http"), stderr: "" });
  await until(async () => !(await answers(stdout.trim())), "the sandbox to end");
});

test("sandboxes at once know nothing of each other", async () => {
  const both = await Promise.all([1, 2].map(() => startSandbox({ terminals: { till: {} } })));
  const [one, other] = both;
  try {
    const id = one?.terminals.till ?? "";
    await one?.client.operations.create({ terminal_id: id, operation: "open_menu" });
    expect((await one?.client.operations.list({ terminal_id: id }))?.length).toBe(1);
    expect((await other?.client.operations.list({ terminal_id: id }))?.length).toBe(0);
  } finally {
    await Promise.all(both.map((sandbox) => sandbox.stop()));
  }
});

const faulty: readonly [StartSandboxOptions, string][] = [
  [{ clock: "2020-01-01T00:00:00Z" }, "must be ahead of real time"],
  [{ terminals: { till: { store_id: "nowhere" } } }, "the store nowhere, which is not there"],
  [{ terminals: { "1st": {} } }, "The content of the sandbox: /terminals"],
  [{ accountId: "P10000001" }, "It is T and eight digits"],
];

test.for(faulty)("what it cannot begin with is said: %o", async ([options, reason]) => {
  await expect(startSandbox(options)).rejects.toThrow(reason);
});

test("nothing of them is left, and PostgreSQL ends by itself", async () => {
  const shared = readdirSync(join(folder, "cache/tillkeeper"));
  expect(shared).toHaveLength(1);
  const lock = join(folder, "cache/tillkeeper", shared[0] ?? "", "keeper.lock");
  await until(() => !existsSync(lock), "the keeper of PostgreSQL to end");
  expect(readdirSync(env["TMPDIR"] ?? "")).toEqual(["node-compile-cache"]);
});
