// @module-tag nightly: a server for each of its commands.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@tillkeeper/sdk";
import { openRunningDatabase } from "@tillkeeper/server/db/open";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { expect, onTestFinished, test, vi } from "vitest";
import { codeOf } from "../../../server/test/support/people.ts";
import { isAlive, leftBehind, postgresPid, type Scratch, scratch, startCli } from "../support/cli.ts";

const bootstrapToken = "bootstrap-token-of-the-tests-0000";

function facts(stdout: string): Record<string, string> {
  return Object.fromEntries([...stdout.matchAll(/^(\S.*?) {2,}(\S+)$/gm)].map(([, name, value]) => [name, value]));
}

/** Starts a server on the folder, which ends with the test. Resolves with its address. */
async function startServer(place: Scratch, env: Record<string, string> = {}): Promise<string> {
  const cli = startCli(["serve"], { ...place.env, ...env });
  onTestFinished(async () => void (await cli.stop()));
  return /http:\/\/\S+/.exec(await cli.until(/Tillkeeper listens on .*\n/))?.[0] as string;
}

test("account create makes an operator, an account of its own, and credentials that work", async () => {
  const place = scratch();
  const operator = await startCli(["account", "create", "--id", "P112", "--name", "Partner"], place.env).ended;
  expect(operator).toMatchObject({ code: 0, stderr: "" });
  expect(facts(operator.stdout)["Account"]).toBe("P112");
  const merchant = await startCli(
    ["account", "create", "--operator", "P112", "--name", "Shop", "--time-zone", "europe/oslo"],
    place.env,
  ).ended;
  expect(merchant).toMatchObject({ code: 0, stderr: "" });
  expect(leftBehind(place)).toEqual([]);
  const { Account: accountId = "", Operator, "Time zone": zone, ...client } = facts(merchant.stdout);
  expect(accountId).toMatch(/^P\d{8}$/);
  expect(Operator).toBe("P112");
  expect(zone).toBe("Europe/Oslo");

  const url = await startServer(place);
  const credentials = { clientId: client["Client id"] ?? "", clientSecret: client["Client secret"] ?? "" };
  const token = await createClient({ url, accountId, ...credentials }).token();
  expect(token.scope.split(" ")).toEqual(expect.arrayContaining(["admin:accounts", "admin:checkout"]));
});

test("account create says in one sentence what it cannot do", async () => {
  const place = scratch();
  await startCli(["account", "create", "--id", "P12345678", "--name", "Shop"], place.env).ended;
  const taken = await startCli(["account", "create", "--id", "P12345678", "--name", "Shop"], place.env).ended;
  expect(taken).toMatchObject({ code: 1, stdout: "", stderr: "The account P12345678 exists already.\n" });
  const orphan = await startCli(["account", "create", "--operator", "P999", "--name", "Shop"], place.env).ended;
  expect(orphan).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "There is no account P999 that could be the operator.\n",
  });
  const zone = ["account", "create", "--name", "Shop", "--time-zone"];
  expect((await startCli([...zone, "US/Eastern"], place.env).ended).stderr).toMatch(/America\/New_York\.\n$/);
  for (const args of [["--name", "x", "--id", "P1"], ["--name", " "], []]) {
    const refused = await startCli(["account", "create", ...args], place.env).ended;
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^error: /);
  }
});

// A new customer, or a lost secret, must not stop the terminals of all others.
test("accounts, clients, releases and keys are made while a server runs, and the audit log names the maker", async () => {
  const place = scratch();
  // Deeper than a path of a socket may be (unix(7): 108 bytes).
  const env = {
    ...place.env,
    TILLKEEPER_DATA_DIR: join(place.data, ...Array.from({ length: 4 }, () => "d".repeat(40))),
  };
  const data = { ...place, data: env.TILLKEEPER_DATA_DIR };
  const server = startCli(["serve"], env);
  onTestFinished(async () => void (await server.stop()));
  await vi.waitFor(() => expect(existsSync(join(data.data, "server.lock"))).toBe(true), { interval: 5 });
  // The server is still starting: its database is being made.
  const shop = await startCli(["account", "create", "--id", "P10000001", "--name", "Shop"], env).ended;
  expect(shop).toMatchObject({ code: 0, stderr: "" });
  const url = /http:\/\/\S+/.exec(await server.until(/Tillkeeper listens on .*\n/))?.[0] as string;
  const way = await startCli(["client", "create", "--account", "P10000001", "--name", "Way back"], env).ended;
  expect(way).toMatchObject({ code: 0, stderr: "" });
  for (const made of [facts(shop.stdout), facts(way.stdout)]) {
    const credentials = { clientId: made["Client id"] ?? "", clientSecret: made["Client secret"] ?? "" };
    const client = createClient({ url, accountId: "P10000001", ...credentials });
    const { entries } = await client.audit.list({ action: "client.create" });
    expect(entries.map(({ actor }) => actor)).toContain("tillkeeper:cli");
  }
  const taken = await startCli(["account", "create", "--id", "P10000001", "--name", "Shop"], env).ended;
  expect(taken).toMatchObject({ code: 1, stdout: "", stderr: "The account P10000001 exists already.\n" });
  const none = await startCli(["terminal", "release", "--serial", "X"], env).ended;
  expect(none.stderr).toMatch(/^No live account has a terminal with the serial number X\./);
  const rotation = await startCli(["keys", "rotate"], env).ended;
  const [, kid] = /The new key is (\S+)\./.exec(rotation.stdout) ?? [];
  await vi.waitFor(async () => {
    const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    expect(keys.map((key) => key.kid)).toContain(kid);
  });
  expect((await startCli(["audit", "verify"], env).ended).stdout).toMatch(/^P10000001 {2}holds/);

  // What needs the database for itself says so at once.
  for (const args of [["restored"], ["migrate"]]) {
    const held = await startCli(args, env).ended;
    expect(held).toMatchObject({ code: 1, stdout: "" });
    expect(held.stderr).toMatch(
      /^A server is running on the data folder [^\n]+ holds its database: stop it first[^\n]+\n$/,
    );
  }
  // After an upgrade of the server the program of before is not for it any more.
  const db = await openRunningDatabase({ dataDir: data.data, log: createLogger("silent") });
  await db?.pool.query("insert into kysely_migration (name, timestamp) values ('9999_later.sql', now())");
  const older = await startCli(["account", "create", "--name", "Older"], env).ended;
  expect(older).toMatchObject({ code: 1, stdout: "" });
  expect(older.stderr).toMatch(/^The server that runs on the data folder [^\n]+ is newer than this program[^\n]+\n$/);
  await db?.pool.query("delete from kysely_migration where name = '9999_later.sql'");
  await db?.close();

  // After kill -9 of the server its database runs on until another program starts.
  const orphan = postgresPid(data);
  server.signal("SIGKILL");
  await server.ended;
  const after = await startCli(["account", "create", "--name", "Next"], env).ended;
  expect(after).toMatchObject({ code: 0, stderr: expect.stringContaining("whose server was killed") });
  await vi.waitFor(() => expect(isAlive(orphan)).toBe(false));
  expect(leftBehind(place)).toEqual([]);
});

test("user add lets the first person in, beside a server and without one, and prints the link this once", async () => {
  const place = scratch();
  await startCli(["account", "create", "--id", "P10000001", "--name", "Shop"], place.env).ended;
  const add = (email: string, ...args: string[]) =>
    startCli(["user", "add", email, "--account", "P10000001", ...args], place.env).ended;
  const unknown = await add("kari@kiosk.example", "--role", "admin");
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(unknown.stderr).toContain("set TILLKEEPER_PUBLIC_URL, or name it with --url.");
  const at = ["--url", "https://till.example"];
  const alone = await add("kari@kiosk.example", "--role", "admin", ...at);
  expect(alone).toMatchObject({ code: 0, stderr: "" });
  expect(facts(alone.stdout)["Link"]).toMatch(/^https:\/\/till\.example\/sign-in\/link#[\w-]{43}$/);
  expect(leftBehind(place)).toEqual([]);
  const url = await startServer(place);
  const beside = await add("ola@kiosk.example", "--role", "operations", "--name", "Ola", ...at);
  for (const [{ stdout }, role] of [
    [alone, "admin"],
    [beside, "operations"],
  ] as const) {
    const headers = { "sec-fetch-site": "same-origin", origin: url, "content-type": "application/json" };
    const body = JSON.stringify({ token: facts(stdout)["Link"]?.split("#")[1], password: "five small blue boats" });
    const used = await fetch(`${url}/v1/auth/links`, { method: "POST", headers, body });
    expect(used.status).toBe(204);
    const cookie = used.headers.get("set-cookie")?.split(";")[0] ?? "";
    const session = await fetch(`${url}/v1/session`, { headers: { ...headers, cookie } });
    const { accounts } = (await session.json()) as { accounts: object[] };
    expect(accounts).toMatchObject([{ account_id: "P10000001", role }]);
  }
  const refusals = [
    [["ola@kiosk.example", "--role", "admin"], "The account has a user with this e-mail address.\n"],
    [["x@kiosk.example", "--role", "store", "--store", "none"], "The account has no store none.\n"],
    [["x@kiosk.example", "--role", "admin", "--account", "P10000009"], "There is no account P10000009.\n"],
  ] as const;
  for (const [[email, ...args], told] of refusals) {
    const refused = await add(email, ...args, ...at);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toBe(told);
  }
  for (const args of [
    ["no address", "--role", "admin"],
    ["x@kiosk.example", "--role", "king"],
    ["x@kiosk.example"],
    ["x@kiosk.example", "--role", "store"],
  ]) {
    expect(await add(...(args as [string]), ...at)).toMatchObject({ code: 2, stdout: "" });
  }
});

test("user end-totp lets in a person who has lost the authenticator, and says so in the log of each account", async () => {
  const place = scratch();
  const url = await startServer(place);
  const at = ["--role", "admin", "--url", url];
  const headers = { "sec-fetch-site": "same-origin", origin: url, "content-type": "application/json" };
  const post = (path: string, body: object, cookie = "") =>
    fetch(`${url}/v1/auth/${path}`, { method: "POST", headers: { ...headers, cookie }, body: JSON.stringify(body) });
  const [email, password] = ["kari@kiosk.example", "five small blue boats"];
  let cookie = "";
  for (const id of ["P10000001", "P10000002"]) {
    await startCli(["account", "create", "--id", id, "--name", "Shop"], place.env).ended;
    const added = await startCli(["user", "add", email, "--account", id, ...at], place.env).ended;
    const used = await post("links", { token: facts(added.stdout)["Link"]?.split("#")[1], password });
    expect(used.status).toBe(204);
    cookie = used.headers.get("set-cookie")?.split(";")[0] ?? "";
  }
  const end = () => startCli(["user", "end-totp", "Kari@kiosk.example"], place.env).ended;
  expect(await end()).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "No person with the e-mail address Kari@kiosk.example has an authenticator.\n",
  });
  const { secret } = (await (await post("totp", { password }, cookie)).json()) as { secret: string };
  expect((await post("totp/confirm", { code: codeOf(secret) }, cookie)).status).toBe(200);
  expect((await post("sign-in", { email, password })).status).toBe(401);

  const ended = await end();
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toContain("P10000001, P10000002.");
  expect((await fetch(`${url}/v1/session`, { headers: { ...headers, cookie } })).status).toBe(401);
  const anew = await post("sign-in", { email, password });
  expect(anew.status).toBe(204);
  const now = anew.headers.get("set-cookie")?.split(";")[0] ?? "";
  for (const id of ["P10000001", "P10000002"]) {
    const log = await fetch(`${url}/v1/accounts/${id}/audit?action=user.totp_end`, {
      headers: { ...headers, cookie: now },
    });
    expect(await log.json()).toMatchObject({ entries: [{ actor: "tillkeeper:cli" }] });
  }
});

test("a bootstrap token makes accounts over HTTP", async () => {
  const place = scratch();
  const url = await startServer(place, { TILLKEEPER_BOOTSTRAP_TOKEN: bootstrapToken });
  const answer = await fetch(`${url}/v1/accounts`, {
    method: "POST",
    headers: { authorization: `Bearer ${bootstrapToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Shop" }),
  });
  expect(answer.status).toBe(201);
});

test("keys rotate adds a key to those that are published", async () => {
  const place = scratch();
  const rotation = await startCli(["keys", "rotate"], place.env).ended;
  expect(rotation).toMatchObject({ code: 0, stderr: "" });
  const [, first] = /The new key is (\S+)\./.exec(rotation.stdout) ?? [];
  const second = await startCli(["keys", "rotate"], place.env).ended;
  const [, newer] = /The new key is (\S+)\./.exec(second.stdout) ?? [];
  const url = await startServer(place);
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  expect(keys.map(({ kid }) => kid)).toEqual([newer, first]);
});
