// @module-tag nightly: starts and ends servers again and again.

import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createClient } from "@tillkeeper/sdk";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  isAlive,
  leftBehind,
  postgresPid,
  readSandboxFile,
  type Scratch,
  scratch,
  startCli,
  startSandbox,
} from "../support/cli.ts";

/** Runs an open_menu on the first terminal, as a client that reads sandbox.json. */
async function openMenu(place: Scratch): Promise<string> {
  const {
    http_url: url,
    account_id: accountId,
    client_id: clientId,
    client_secret: clientSecret,
  } = readSandboxFile(place);
  const { operations } = createClient({ url, accountId, clientId, clientSecret });
  const { id } = await operations.create({ terminal_id: `${accountId}-T0001`, operation: "open_menu" });
  return (await operations.wait(id, { pollMs: 50 })).status;
}

test.for(["SIGTERM", "SIGINT"] as const)("%s ends it in order and leaves nothing running", async (signal) => {
  const place = scratch();
  const cli = await startSandbox(place.env);
  const postgres = postgresPid(place);
  expect(isAlive(postgres)).toBe(true);

  cli.signal(signal);
  expect(await cli.ended).toMatchObject({ code: 0, signal: null, stderr: "" });
  expect(isAlive(postgres)).toBe(false);
  expect(leftBehind(place)).toEqual([]);
  expect(existsSync(join(place.data, "server.lock"))).toBe(false);
});

test("a second start keeps the account, the secret and the terminals", async () => {
  const place = scratch();
  await (await startSandbox(place.env)).stop();
  const first = readSandboxFile(place);

  const { block } = await startSandbox(place.env);
  const { account_id, client_id, client_secret } = first;
  expect(readSandboxFile(place)).toMatchObject({ account_id, client_id, client_secret });
  expect(block.match(/-T\d{4}$/gm)).toHaveLength(5);
  expect(await openMenu(place)).toBe("COMPLETED");
});

test("starts again after kill -9", async () => {
  const place = scratch();
  const killed = await startSandbox(place.env);
  const first = readSandboxFile(place);
  const orphan = postgresPid(place);
  killed.signal("SIGKILL");
  expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });

  const again = await startSandbox(place.env);
  expect(postgresPid(place)).not.toBe(orphan);
  expect(readSandboxFile(place)).toMatchObject({ account_id: first.account_id, client_secret: first.client_secret });
  expect(await openMenu(place)).toBe("COMPLETED");
  expect(await again.stop()).toMatchObject({ code: 0 });
  expect(leftBehind(place)).toEqual([]);
});

test.for(["http_url", "mqtt_url"] as const)("a silent connection to %s does not hold up its end", async (address) => {
  const place = scratch();
  const cli = await startSandbox(place.env);
  // Browsers open such connections before their first request.
  const socket = connect(Number(new URL(readSandboxFile(place)[address]).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  expect(await cli.stop()).toMatchObject({ code: 0, stderr: "" });
});

test("Ctrl-C while it starts ends it in order too", async () => {
  const place = scratch();
  const cli = startCli(["sandbox"], place.env);
  await vi.waitFor(() => expect(leftBehind(place)).not.toEqual([]), { interval: 10 });
  cli.signal("SIGINT");
  const ended = await cli.ended;
  expect(ended).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(leftBehind(place)).toEqual([]);
});

test("a second Ctrl-C does not wait for a stop that hangs", async () => {
  const place = scratch();
  const cli = await startSandbox(place.env);
  const postgres = postgresPid(place);
  process.kill(postgres, "SIGSTOP");
  onTestFinished(async () => {
    process.kill(postgres, "SIGCONT");
    process.kill(postgres, "SIGQUIT");
    await vi.waitFor(() => expect(isAlive(postgres)).toBe(false), 20_000);
  });
  // Repeats the signal until it counts as a second key press: a package manager sends the signal of one key press
  // twice.
  const pressing = setInterval(() => cli.signal("SIGINT"), 50);
  expect(await cli.ended).toMatchObject({ code: 130 });
  clearInterval(pressing);
});

test("serve runs without a sandbox and says in one line where it listens", async () => {
  const place = scratch();
  const cli = startCli(["serve"], place.env);
  const stdout = await cli.until(/\n/);
  expect(stdout).toMatch(
    /^Tillkeeper listens on http:\/\/127\.0\.0\.1:\d+ \(API\) and mqtt:\/\/127\.0\.0\.1:\d+ \(MQTT\)\.\n$/,
  );
  expect(existsSync(join(place.data, "sandbox.json"))).toBe(false);
  expect(await cli.stop()).toMatchObject({ code: 0, stdout });
});
