import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Operation } from "@tillkeeper/contract/http/operations";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Cli, makeScratch, readSandboxFile, startCli } from "./support/cli.ts";

const place = makeScratch();
let cli: Cli;
let block = "";

beforeAll(async () => {
  cli = startCli(["sandbox"], place.env);
  block = await cli.until(/Ctrl-C ends it\.\n/);
});

afterAll(async () => {
  await cli.stop();
  place.remove();
});

test("prints where it listens, its credentials, its folder and its terminals", () => {
  const file = readSandboxFile(place);
  for (const value of Object.values(file)) expect(block).toContain(value);
  expect(block).toContain(`${file.http_url}/docs`);
  expect(block).toContain(join(place.data, "sandbox.json"));
  expect(block).toMatch(new RegExp(`Terminals +${file.account_id}-T0001\n +${file.account_id}-T0002\n`));
  // The settings ask for any free ports, so no port was skipped.
  expect(block).not.toContain("is in use by another program");
  // The standard output is not a terminal here, so it has no colours.
  expect(block).not.toContain("\u001B[");
});

/** Starts a shell. `write` pastes lines; `read` resolves with the next line of its output. */
function startShell(program: string) {
  const shell = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void shell.kill());
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  return {
    write: (text: string) => void shell.stdin.write(`${text}\n`),
    read: async () => (await lines.next()).value ?? "",
  };
}

test.each(["bash", "dash"])(
  "its three curl lines show how the day was closed when pasted at once into %s",
  async (program) => {
    const lines = block.split("\n").filter((line) => line.includes("curl"));
    expect(lines).toHaveLength(3);
    const shell = startShell(program);
    shell.write(lines.join("\n"));

    const sent: Operation = JSON.parse(await shell.read());
    expect(sent).toMatchObject({ operation: "end_of_day", status: "PENDING" });
    const ended: Operation = JSON.parse(await shell.read());
    expect(ended).toMatchObject({ id: sent.id, status: "COMPLETED", result: { outcome: "accepted" } });
  },
);

test("serves the reference page that it names", async () => {
  const response = await fetch(`${readSandboxFile(place).http_url}/docs`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/html");
});

test("sandbox.json is private and holds the five keys", () => {
  expect(statSync(join(place.data, "sandbox.json")).mode & 0o777).toBe(0o600);
  const keys = ["account_id", "client_id", "client_secret", "http_url", "mqtt_url"];
  expect(Object.keys(readSandboxFile(place)).toSorted()).toEqual(keys);
});
