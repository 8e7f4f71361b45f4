import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "@tillkeeper/sdk";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Cli, readSandboxFile, type SandboxFile, scratch, startCli, startSandbox } from "../support/cli.ts";
import { type SmallDisk, smallDisk } from "../support/small-disk.ts";

const patience = { timeout: 90_000, interval: 100 };

/** Starts a sandbox with a release of 2 MB, and registers a terminal for a device with a disk of 1 MB. */
async function stage() {
  const place = scratch();
  await startSandbox(place.env);
  const file = readSandboxFile(place);
  const client = createClient({
    url: file.http_url,
    accountId: file.account_id,
    clientId: file.client_id,
    clientSecret: file.client_secret,
  });
  const [key, release, keys] = ["release.pem", "app.bin", "keys.json"].map((name) => join(place.temporary, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(release, randomBytes(2_000_000));
  const run = async (...args: string[]) => expect((await startCli(args, place.env).ended).stderr).toBe("");
  await run("release", "keygen", "--out", key);
  await run("release", "key", "add", "--name", "Mine", "--key", key);
  await run("release", "add", "--model", "SMALL", "--version", "9.0", "--file", release, "--key", key);
  const { release_keys: trusted } = await client.releaseKeys.list();
  writeFileSync(keys, JSON.stringify({ keys: trusted.map(({ public_key }) => public_key) }));
  const disk = await smallDisk("1m");
  const [store] = (await client.stores.list()).stores;
  const terminal = await client.terminals.create({
    device_serial_number: "SMALL-1",
    device_model: "SMALL",
    store_id: store?.store_id ?? "",
  });
  return { file, client, disk, keys, terminalId: terminal.terminal_id, code: terminal.pairing?.code ?? "" };
}

async function tokenOf({ http_url: url, account_id: id, client_id, client_secret }: SandboxFile): Promise<string> {
  const answer = await fetch(`${url}/v1/accounts/${id}/auth/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ grant_type: "client_credentials", audience: `${url}/v1/accounts/${id}` }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

function startAgent(disk: SmallDisk, args: string[]): Cli {
  const cli = startCli(["agent", "--state", join(disk.path, "state"), ...args], {}, disk.by);
  onTestFinished(async () => void (await cli.stop()));
  return cli;
}

async function outcome(client: Client, terminalId: string, operation: "check_update" | "open_menu") {
  const sent = await client.operations.create({ terminal_id: terminalId, operation });
  const { status, reason, error } = await client.operations.wait(sent.id, { pollMs: 20 });
  return [status, reason, error?.code].filter(Boolean).join(" ");
}

test("a device whose disk is full says so, works on, and starts again", { timeout: 300_000 }, async () => {
  const { file, client, disk, keys, terminalId, code } = await stage();
  const run = (operation: "check_update" | "open_menu") => outcome(client, terminalId, operation);
  const token = await tokenOf(file);
  const faultOf = async () => {
    const path = `/v1/accounts/${file.account_id}/terminals/${terminalId}/presence`;
    const answer = await fetch(`${file.http_url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const { fault } = (await answer.json()) as { fault?: { code: string; ended_at?: string } };
    return fault?.ended_at === undefined ? fault?.code : undefined;
  };
  const connected = new RegExp(`connected ${terminalId}\n`);

  const first = startAgent(disk, [
    "--server",
    file.http_url,
    "--serial",
    "SMALL-1",
    "--code",
    code,
    "--release-keys",
    keys,
  ]);
  await first.until(connected);
  expect(await run("check_update")).toBe("FAILED storage_failed storage_failed");
  expect(disk.names("state/downloads")).toEqual([]);
  expect(await run("open_menu")).toBe("COMPLETED");

  // The last page of the journal may have room, or the journal may free some, so the disk is filled again before each
  // try.
  const expectFullJournal = async () => {
    disk.fill();
    expect(await run("open_menu")).toBe("FAILED storage_failed journal_failed");
  };
  await vi.waitFor(expectFullJournal, patience);
  await vi.waitFor(async () => expect(await faultOf()).toBe("storage_failed"), patience);

  first.signal("SIGKILL");
  await first.ended;
  disk.fill();
  const second = startAgent(disk, ["--release-keys", keys]);
  await second.until(connected);
  await vi.waitFor(async () => expect(await faultOf()).toBe("storage_failed"), patience);
  await vi.waitFor(expectFullJournal, patience);

  disk.free();
  await vi.waitFor(async () => expect(await run("open_menu")).toBe("COMPLETED"), patience);
  await vi.waitFor(async () => expect(await faultOf()).toBeUndefined(), patience);
  expect((await second.stop()).code).toBe(0);
});
