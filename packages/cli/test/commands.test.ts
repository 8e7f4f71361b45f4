import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimsOf, readNatsKeys } from "@tillkeeper/server/broker-access/nats/keys";
import { settings } from "@tillkeeper/server/config";
import { expect, onTestFinished, test } from "vitest";
import { leftBehind, scratch, startCli } from "./support/cli.ts";

test("settings lists every setting with what it is for", async () => {
  const { code, stdout, stderr } = await startCli(["settings"], {}).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual(Object.entries(settings));
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

test("broker nats-setup makes keys that NATS trusts, for their owner alone, and never writes over them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-nats-setup-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const args = ["broker", "nats-setup", join(folder, "keys")];
  expect(await startCli(args, {}).ended).toMatchObject({ code: 0, stderr: "" });
  const keys = join(folder, "keys", "nats-keys.json");
  const written = readFileSync(keys, "utf8");
  const { operator } = readNatsKeys(written);
  expect(statSync(keys).mode & 0o777).toBe(0o600);
  const [, jwt] =
    /^operator: (\S+)$/m.exec(readFileSync(join(folder, "keys", "tillkeeper-accounts.conf"), "utf8")) ?? [];
  expect(claimsOf(jwt ?? "").sub).toBe(operator.getPublicKey());
  const again = await startCli(args, {}).ended;
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain("is there already");
  expect(readFileSync(keys, "utf8")).toBe(written);
});

test.for([
  { args: ["sandbx"], message: "unknown command 'sandbx'" },
  { args: ["serve", "--port"], message: "unknown option '--port'" },
  { args: ["serve", "now"], message: "too many arguments" },
  { args: [], message: "Usage: tillkeeper" },
])("$args is refused with the help", async ({ args, message }) => {
  const ended = await startCli(args, {}).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain(message);
  expect(ended.stderr).toContain("Usage: tillkeeper");
});

test("--help goes to standard output", async () => {
  const { code, stdout } = await startCli(["--help"], {}).ended;
  expect(code).toBe(0);
  for (const name of ["sandbox", "serve", "migrate", "settings", "demo"]) expect(stdout).toContain(name);
});
