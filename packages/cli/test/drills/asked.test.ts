import { spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { Program } from "@tillkeeper/stage/processes/program";
import { tillkeeper } from "@tillkeeper/stage/processes/tillkeeper";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type OwnSandbox, openOwnSandbox } from "../support/own-sandbox.ts";

let own: OwnSandbox;
const hasScript = spawnSync("script", ["--version"]).error === undefined;

beforeAll(async () => {
  own = await openOwnSandbox({});
});
afterAll(() => own.stop());

test.skipIf(!hasScript)("reset asks at a terminal, wants --yes elsewhere, and takes the sandbox back", async () => {
  const stores = async () => (await own.run(["stores", "list", "--all"])).stdout;
  await own.json(["stores", "add", "--store-id", "kiosk"]);
  expect(await own.run(["reset"])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--yes") });
  const { ended, shown, type } = atTerminal(["reset"]);
  await shown(/Delete all stores and terminals of T12345678 at http.*\? \[y\/N\]/);
  type("n\r");
  expect(await ended).toMatchObject({ code: 1, stdout: expect.stringContaining("Nothing was changed.") });
  expect(await stores()).toContain("kiosk");
  expect(await own.run(["reset", "--yes"])).toMatchObject({
    code: 0,
    stdout: "T12345678 is reset: 3 stores, 5 terminals.\n",
  });
  expect(await stores()).not.toContain("kiosk");
});

test.skipIf(!hasScript)("login asks for what is missing, shows no secret, and ends by Ctrl-C and Ctrl-D", async () => {
  const { http_url: url, client_id: id, client_secret: secret } = own.file;
  const given = ["--url", url, "--account", "T12345678"];
  for (const [key, code] of [
    ["\u0003", 130],
    ["\u0004", 130],
  ] as const) {
    const { ended, shown, type } = atTerminal(["login", "shop", ...given, "--client-id", id]);
    await shown(/Client secret \(not shown\): $/);
    type(key);
    expect((await ended).code).toBe(code);
  }
  const { ended, shown, type } = atTerminal(["login", "shop", ...given]);
  await shown(/Client id: $/);
  type(`${id}\r`);
  await shown(/Client secret \(not shown\): $/);
  type(`${secret}\r`);
  const { code, stdout } = await ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("in use from now on") });
  expect(stdout).toContain(id);
  expect(stdout).not.toContain(secret);
});

/** Runs the program in a pseudo terminal, at which `type` types. The result is what the terminal shows. */
function atTerminal(args: readonly string[]) {
  const env = { TILLKEEPER_DATA_DIR: own.place.data, XDG_CONFIG_HOME: `${own.place.data}-typed`, TERM: "xterm" };
  const command = [...tillkeeper, ...args].join(" ");
  const program = new Program(["script", "-qec", command, "/dev/null"], { env, stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(async () => void (await program.end("SIGTERM")));
  return {
    ended: program.ended,
    shown: async (pattern: RegExp) => {
      await expect.poll(() => stripVTControlCharacters(program.stdout), { timeout: 20_000 }).toMatch(pattern);
    },
    type: (text: string) => void program.child.stdin?.write(text),
  };
}
