// @module-tag nightly: a process for each command.

import { describeSettings } from "@tillkeeper/server/config/describe";
import { expect, test } from "vitest";
import { leftBehind, scratch, startCli } from "../support/cli.ts";

test("settings lists every setting with what it is for", async () => {
  const { code, stdout, stderr } = await startCli(["settings"], {}).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual(describeSettings());
});

test("migrate makes the schema, ends, and does nothing the second time", async () => {
  const place = scratch();
  for (let time = 0; time < 2; time += 1) {
    expect(await startCli(["migrate"], place.env).ended).toMatchObject({
      code: 0,
      stdout: "The database has this version's schema.\n",
      stderr: "",
    });
    expect(leftBehind(place)).toEqual([]);
  }
});

test("with TILLKEEPER_MIGRATE=false only migrate changes the schema, and says before what it will do", async () => {
  const place = scratch();
  const env = { ...place.env, TILLKEEPER_MIGRATE: "false" };
  const create = () => startCli(["account", "create", "--id", "T12345678", "--name", "Shop"], env).ended;
  const plan = async () => (await startCli(["migrate", "--plan"], env).ended).stdout;
  const refused =
    "The database has an older schema than this version, and TILLKEEPER_MIGRATE=false: run `tillkeeper migrate` first.\n";
  expect(await startCli(["serve"], env).ended).toMatchObject({ code: 1, stdout: "", stderr: refused });
  expect(await create()).toMatchObject({ code: 1, stdout: "", stderr: refused });
  const planned = await plan();
  expect(planned).toMatch(
    /^\d+ to run, each in a transaction of its own:\n {2}0001_init\.sql; locks nothing that is in use/,
  );
  expect(await plan()).toBe(planned);
  expect(await startCli(["migrate"], env).ended).toMatchObject({ code: 0, stderr: "" });
  expect(await plan()).toBe("Nothing to do: the database has this version's schema, or a later one.\n");
  expect(await create()).toMatchObject({ code: 0, stderr: "" });
});

test.for([
  { args: ["sandbx"], message: "unknown command 'sandbx'", help: "See --help." },
  { args: ["serve", "--port"], message: "unknown option '--port'", help: "See --help." },
  { args: ["serve", "now"], message: "too many arguments", help: "See --help." },
  { args: [], message: "Usage: tillkeeper", help: "Usage: tillkeeper" },
])("$args is refused, and the help is named", async ({ args, message, help }) => {
  const ended = await startCli(args, {}).ended;
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain(message);
  expect(ended.stderr).toContain(help);
});

test("--help goes to standard output", async () => {
  const { code, stdout } = await startCli(["--help"], {}).ended;
  expect(code).toBe(0);
  for (const name of ["sandbox", "serve", "migrate", "settings", "demo"]) expect(stdout).toContain(name);
});
