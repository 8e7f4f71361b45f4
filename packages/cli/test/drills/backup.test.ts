import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratch, startCli } from "../support/cli.ts";

/** Returns the lines that name a table and its number of rows. */
const rowsIn = (text: string) => text.split("\n").filter((line) => /^ {2}\w+ +\d+$/.test(line));

it("backs up a running sandbox, and restores it with its key into a new data folder, for the same clients", async () => {
  const place = scratch();
  const file = join(place.temporary, "sandbox.backup");
  const sandbox = startCli(["sandbox"], place.env);
  await sandbox.until(/listens|curl/);
  const backup = await startCli(["backup", "--to", file], place.env).ended;
  expect(backup).toMatchObject({ code: 0, stderr: "" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(backup.stdout).toContain(join(place.data, "key"));
  await sandbox.stop();
  const again = await startCli(["backup", "--to", file], place.env).ended;
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain(`There is a file ${file} already`);

  const elsewhere = scratch();
  const withoutKey = await startCli(["restore", file], elsewhere.env).ended;
  expect(withoutKey).toMatchObject({ code: 1, stdout: "" });
  expect(withoutKey.stderr).toContain(`there is no key file ${join(elsewhere.data, "key")}`);
  mkdirSync(elsewhere.data, { recursive: true });
  copyFileSync(join(place.data, "key"), join(elsewhere.data, "key"));
  copyFileSync(join(place.data, "sandbox.json"), join(elsewhere.data, "sandbox.json"));
  const restored = await startCli(["restore", file], elsewhere.env).ended;
  expect(restored).toMatchObject({ code: 0, stderr: "" });
  expect(rowsIn(restored.stdout)).toEqual(rowsIn(backup.stdout));
  expect(rowsIn(restored.stdout).length).toBeGreaterThan(30);
  const twice = await startCli(["restore", file], elsewhere.env).ended;
  expect(twice.stderr).toContain("The database is not empty");

  const restarted = startCli(["sandbox"], elsewhere.env);
  await restarted.until(/listens|curl/);
  const facts = (data: string) => JSON.parse(readFileSync(join(data, "sandbox.json"), "utf8"));
  const { client_id, client_secret, account_id, http_url } = facts(elsewhere.data);
  expect({ client_id, client_secret, account_id }).toMatchObject({ account_id: facts(place.data).account_id });
  const token = await fetch(`${http_url}/v1/accounts/${account_id}/auth/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ grant_type: "client_credentials", audience: `${http_url}/v1/accounts/${account_id}` }),
  });
  expect(token.status).toBe(200);
  await restarted.stop();
}, 300_000);

it("restores no file that is not there, and leaves a data folder that can be used", async () => {
  const place = scratch();
  const missing = join(place.temporary, "none");
  const restored = await startCli(["restore", missing], place.env).ended;
  expect(restored).toMatchObject({ code: 1, stdout: "" });
  expect(restored.stderr).toMatch(/could not be restored: ENOENT/);
  expect(existsSync(join(place.data, "server.lock"))).toBe(false);
}, 120_000);
