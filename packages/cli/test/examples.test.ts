import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "@tillkeeper/stage/processes/program";
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from "vitest";
import { type Cli, makeScratch, readSandboxFile, type SandboxFile, startCli } from "./support/cli.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const place = makeScratch();
let sandbox: Cli;
let file: SandboxFile;
let terminalId: string;

beforeAll(async () => {
  sandbox = startCli(["sandbox"], place.env);
  await sandbox.until(/Ctrl-C ends it\.\n/);
  file = readSandboxFile(place);
  terminalId = `${file.account_id}-T0001`;
});

afterAll(async () => {
  await sandbox.stop();
  place.remove();
});

interface Example {
  /** Resolves when standard output matches. */
  until: (pattern: RegExp) => Promise<RegExpExecArray>;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts an example as its first lines say; it ends with the test. */
function start(name: string, ...args: string[]): Example {
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    NODE_COMPILE_CACHE: inject("compiled"),
    TILLKEEPER_URL: file.http_url,
    TILLKEEPER_ACCOUNT: file.account_id,
    TILLKEEPER_CLIENT_ID: file.client_id,
    TILLKEEPER_CLIENT_SECRET: file.client_secret,
  };
  const command = name.endsWith(".sh") ? "sh" : process.execPath;
  const program = new Program([command, join(root, "examples", name), ...args], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    // Signals to the group also end the programs that the example has started.
    group: true,
  });
  onTestFinished(async () => void (await program.end("SIGTERM")));
  return { ended: program.ended, until: (pattern) => program.prints(pattern) };
}

/** The output of each example, by its file. Examples of more than one program have tests of their own. */
const outputs: Record<string, { args?: () => string[]; output: RegExp }> = {
  "get-a-token.sh": { output: /^\{"stores":\[\{.*"store_id":"oslo-center".*\}\n$/ },
  "get-a-token.ts": { output: /^Bearer token for \d+ seconds\n$/ },
  "page-through-a-list.ts": {
    output: /^(\S+ in \S+\n){5}\S+-T0005 ACTIVE, .* ACTIVE\n.* ACTIVE, .* ACTIVE\n\S+-T0001 ACTIVE\n$/,
  },
  "run-and-wait.ts": { args: () => [terminalId], output: /^sent twice, done once\nopened\n$/ },
  "react-to-409.ts": {
    args: () => [terminalId],
    output: /^busy with open_menu; the server says to come back in \d+ s\nCOMPLETED\n$/,
  },
  "close-and-read-totals.ts": {
    args: () => [terminalId],
    output: /^batch 000001 is accepted: \d+ purchases\nsales -?\d+, tips \d+ \(NOK\)\n$/,
  },
};

it.each(Object.entries(outputs))("examples/%s does what it says", async (name, { args, output }) => {
  const ended = await start(name, ...(args?.() ?? [])).ended;
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toMatch(output);
});

it("examples/register-and-pair.ts shows a code, and examples/register-and-pair.sh pairs by it", async () => {
  const serial = "123456789012";
  const registering = start("register-and-pair.ts", serial);
  const [, id, code = ""] = await registering.until(/^(\S+): type (\S+) on the device, or scan tillkeeper:pair/);
  const device = start("register-and-pair.sh", serial, code, join(place.data, "device"));
  expect((await registering.ended).stdout).toMatch(new RegExp(`^${id} has a device, and is ACTION_REQUIRED$`, "m"));
  await device.until(/paired/);
});

it("every example is run here, and has fewer than 40 lines", () => {
  const names = readdirSync(join(root, "examples")).filter((name) => /\.(ts|sh)$/.test(name));
  expect(names.toSorted()).toEqual(
    // The receiver is run by the test of the page on webhooks.
    [...Object.keys(outputs), "receive-events.ts", "register-and-pair.sh", "register-and-pair.ts"].toSorted(),
  );
  for (const name of names) {
    const lines = readFileSync(join(root, "examples", name), "utf8")
      .trimEnd()
      .split("\n");
    expect(lines.length, name).toBeLessThan(40);
  }
});
