// @module-tag nightly: a release is made and installed.

import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "@tillkeeper/sdk";
import { expect, test } from "vitest";
import { signRelease } from "../../src/release-signing.ts";
import { readSandboxFile, type Scratch, scratch, startCli, startSandbox } from "../support/cli.ts";

function clientOf(place: Scratch): Client {
  const {
    http_url: url,
    account_id: accountId,
    client_id: clientId,
    client_secret: clientSecret,
  } = readSandboxFile(place);
  return createClient({ url, accountId, clientId, clientSecret });
}

test("from a key to a terminal that runs the release, on a sandbox", async () => {
  const place = scratch();
  await startSandbox(place.env);
  const run = async (...args: string[]) => {
    const ended = await startCli(args, place.env).ended;
    expect(ended, args.join(" ")).toMatchObject({ code: 0, stderr: "" });
    return ended.stdout;
  };
  const [key, file, settings] = ["release.pem", "app.bin", "settings.json"].map((name) =>
    join(place.temporary, name),
  ) as [string, string, string];
  const content = randomBytes(3_000_000);
  writeFileSync(file, content);
  writeFileSync(settings, '{"brightness":80}');

  const made = await run("release", "keygen", "--out", key);
  const keyId = /Key id +(\S+)/.exec(made)?.[1] as string;
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect(await run("release", "key", "add", "--name", "Mine", "--key", key)).toContain(keyId);
  expect(await run("release", "key", "list")).toMatch(new RegExp(`^${keyId} +live +Mine$`, "m"));
  expect(await run("release", "list")).toBe("There are no releases.\n");
  const added = await run("release", "add", "--model", "CLI1", "--version", "4.3.0", "--file", file, "--key", key);
  const releaseId = /available: (\S+)/.exec(added)?.[1] as string;
  expect(await run("release", "list", "--model", "CLI1")).toMatch(
    new RegExp(`^${releaseId} +CLI1 +4\\.3\\.0 +available +3000000 bytes$`, "m"),
  );
  expect(await run("configuration", "set", "--model", "CLI1", "--file", settings)).toBe(
    "Configuration 1 holds for CLI1 terminals.\n",
  );
  expect(await run("configuration", "list")).toMatch(/^1 +holds +\S+ +CLI1 terminals$/m);

  const {
    http_url: url,
    account_id: accountId,
    client_id: clientId,
    client_secret: clientSecret,
  } = readSandboxFile(place);
  const client = clientOf(place);
  const [store] = (await client.stores.list()).stores;
  const terminal = await client.terminals.create({
    device_serial_number: `SIMULATED-${accountId}-777`,
    store_id: store?.store_id ?? "",
    device_model: "CLI1",
  });
  const check = async () => {
    const { id } = await client.operations.create({ terminal_id: terminal.terminal_id, operation: "check_update" });
    return client.operations.wait(id, { pollMs: 20 });
  };
  expect((await check()).result).toMatchObject({ latest_version: "4.3.0", update_available: true });
  expect((await check()).result).toMatchObject({ current_version: "4.3.0", configuration_version: "1" });
  expect(await client.configurations.ofTerminal(terminal.terminal_id)).toMatchObject({
    configuration: { version: "1", content: { brightness: 80 } },
    up_to_date: true,
  });

  expect(await run("release", "withdraw", releaseId)).toBe("Release 4.3.0 for CLI1 is withdrawn.\n");
  expect((await client.releases.get(releaseId)).status).toBe("withdrawn");
  expect(await run("configuration", "withdraw", "1")).toBe("Configuration 1 is withdrawn.\n");
  expect(await run("release", "key", "revoke", keyId)).toContain("is revoked");
  const account = { TILLKEEPER_URL: url, TILLKEEPER_CLIENT_ID: clientId, TILLKEEPER_CLIENT_SECRET: clientSecret };
  const named = await startCli(["release", "list"], { ...account, TILLKEEPER_ACCOUNT: accountId }).ended;
  expect(named.stdout).toContain("withdrawn");
});

test("an upload that broke off is gone on with, and another file under the same version is not taken", async () => {
  const place = scratch();
  await startSandbox(place.env);
  const [key, file] = [join(place.temporary, "release.pem"), join(place.temporary, "app.bin")];
  writeFileSync(file, "one");
  const release = (...args: string[]) => startCli(["release", ...args], place.env).ended;
  const add = () => release("add", "--model", "CLI2", "--version", "1", "--file", file, "--key", key);
  await release("keygen", "--out", key);
  await release("key", "add", "--name", "Mine", "--key", key);
  const client = clientOf(place);
  // The state after an upload whose connection broke.
  const draft = await client.releases.create(await signRelease({ device_model: "CLI2", version: "1" }, { file, key }));
  expect(draft.status).toBe("draft");
  expect(await add()).toMatchObject({ code: 0, stdout: expect.stringContaining(draft.id), stderr: "" });
  expect((await client.releases.get(draft.id)).status).toBe("available");
  writeFileSync(file, "two");
  const other = await add();
  expect(other).toMatchObject({ code: 1, stdout: "" });
  expect(other.stderr).toContain("The account has a release of this model and version.");
});

test("what cannot be done is said in one sentence, and no key is quoted or overwritten", async () => {
  const place = scratch();
  const run = (...args: string[]) => startCli(args, place.env).ended;
  const key = join(place.temporary, "release.pem");
  expect((await run("release", "keygen", "--out", key)).code).toBe(0);
  const before = readFileSync(key, "utf8");
  const refusals: [string[], RegExp, code?: number][] = [
    [["release", "keygen", "--out", key], /cannot be written/],
    [["release", "key", "add", "--name", "x", "--key", place.temporary], /cannot be read/],
    [["release", "list"], /^There is no sandbox at [^\n]+TILLKEEPER_URL/],
    [["release", "list", "--url", "http://127.0.0.1:1"], /^All four are needed/, 2],
    [["configuration", "set", "--file", key], /holds no configuration/],
    [
      [
        "release",
        "list",
        "--url",
        "http://127.0.0.1:1",
        "--client-id",
        "a",
        "--client-secret",
        "b",
        "--account",
        "T12345678",
      ],
      /^The server at http:\/\/127\.0\.0\.1:1 cannot be reached/,
    ],
  ];
  for (const [args, sentence, code = 1] of refusals) {
    const ended = await run(...args);
    expect(ended, args.join(" ")).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(sentence);
    expect(ended.stderr.trimEnd()).not.toContain("\n");
  }
  expect(readFileSync(key, "utf8")).toBe(before);
  const notAKey = join(place.temporary, "secret.txt");
  writeFileSync(notAKey, "a-secret-text");
  const quoted = await run("release", "key", "add", "--name", "x", "--key", notAKey);
  expect(quoted.stderr).toContain("holds no Ed25519 key");
  expect(quoted.stderr).not.toContain("a-secret-text");
});
