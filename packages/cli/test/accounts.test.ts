import { createClient } from "@tillkeeper/sdk";
import { expect, onTestFinished, test } from "vitest";
import { leftBehind, type Scratch, scratch, startCli } from "./support/cli.ts";

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
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^error: /);
  }
});

test("while a server holds the data folder, account create names the other way, and that works", async () => {
  const place = scratch();
  const url = await startServer(place, { TILLKEEPER_BOOTSTRAP_TOKEN: bootstrapToken });
  const refused = await startCli(["account", "create", "--name", "Shop"], place.env).ended;
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/^A server is running on the data folder [^\n]+ POST \/v1\/accounts\.\n$/);
  expect(refused.stderr).toContain("TILLKEEPER_BOOTSTRAP_TOKEN");
  const answer = await fetch(`${url}/v1/accounts`, {
    method: "POST",
    headers: { authorization: `Bearer ${bootstrapToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Shop" }),
  });
  expect(answer.status).toBe(201);
  const rotation = await startCli(["keys", "rotate"], place.env).ended;
  expect(rotation.code).toBe(1);
  expect(rotation.stderr).toMatch(/^A server is running on the data folder [^\n]+\.\n$/);
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
