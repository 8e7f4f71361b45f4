// @module-tag nightly: a server for each script.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@tillkeeper/sdk";
import { folderOfTest } from "@tillkeeper/stage/folders";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { Program } from "@tillkeeper/stage/processes/program";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { leftBehind, postgresPid, readSandboxFile, type Scratch, scratch } from "../support/cli.ts";

const checkout = fileURLToPath(new URL("../../../..", import.meta.url));

/** Runs the real npm in the checkout. What it runs must end with it; the test ends what does not. */
function npm(place: Scratch, args: readonly string[], env: Record<string, string> = {}): Program {
  const home = join(dirname(place.data), "home");
  mkdirSync(home, { recursive: true });
  const program = new Program(["npm", ...args], {
    cwd: checkout,
    env: {
      NODE_COMPILE_CACHE: inject("compiled"),
      HOME: home,
      npm_config_update_notifier: "false",
      ...place.env,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    group: true,
  });
  onTestFinished(async () => {
    try {
      process.kill(-program.pid, "SIGKILL");
    } catch {
      // Nothing of the group is left.
    }
    await program.ended;
  });
  return program;
}

/** The process id in a lock file: the program that holds the folder. */
function holderOf(lock: string): number {
  return Number(readFileSync(lock, "utf8").split("\n")[0]);
}

/** Whether a process has ended, also while its exit code has not been collected. */
function hasEnded(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

/** The parent of a process. */
function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** A server that closes every connection: agents connect to it again and again. */
async function silentServer(): Promise<{ url: string; asked: () => number }> {
  const asked = vi.fn<() => void>();
  const silent = createServer((socket) => {
    asked();
    socket.destroy();
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void silent.close());
  return { url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, asked: () => asked.mock.calls.length };
}

function agentOf(url: string): { args: string[]; lock: string } {
  const state = join(folderOfTest("npm"), "state");
  return {
    args: ["agent", "--server", url, "--serial", "NPM-1", "--code", "x", "--state", state],
    lock: join(state, "running.lock"),
  };
}

// What CI does with a program in the background: wait for its health, use it, kill it. Kubernetes' readiness means the same.
test("who waits for /health/ready finds the sandbox complete, and kill -9 of npm leaves nothing running", async () => {
  const place = scratch();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = npm(place, ["start"], { TILLKEEPER_HTTP_PORT: String(port) });
  const starting = new Set<unknown>();
  for (;;) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.status === 200) break;
    if (answer) starting.add(((await answer.json()) as { starting?: boolean }).starting);
  }
  const file = readSandboxFile(place);
  expect(starting).toEqual(new Set([true]));
  expect(file.http_url).toBe(url);
  const client = createClient({
    url,
    accountId: file.account_id,
    clientId: file.client_id,
    clientSecret: file.client_secret,
  });
  expect((await client.stores.list()).stores).toHaveLength(3);
  expect((await client.terminals.list()).terminals).toHaveLength(5);

  const [server, postgres] = [holderOf(join(place.data, "server.lock")), postgresPid(place)];
  process.kill(program.pid, "SIGKILL");
  await vi.waitFor(() => expect([server, postgres].map(hasEnded)).toEqual([true, true]));
  expect(leftBehind(place)).toEqual([]);
  expect(existsSync(join(place.data, "server.lock"))).toBe(false);
});

test("npm run demo ends with its npm, and removes its data", async () => {
  const place = scratch();
  const program = npm(place, ["run", "demo"]);
  await program.prints(/Starting a server/);
  await vi.waitFor(() => expect(leftBehind(place)).not.toEqual([]));
  const folder = join(place.temporary, leftBehind(place).find((name) => name.startsWith("tillkeeper-demo-")) as string);
  const server = await vi.waitFor(() => holderOf(join(folder, "data", "server.lock")));
  process.kill(program.pid, "SIGHUP");
  // The demo has npm's output, which is closed when both have ended.
  expect((await program.ended).stdout).toContain("Interrupted; the server has ended and its data is gone.");
  await vi.waitFor(() => expect(hasEnded(server)).toBe(true));
  expect(leftBehind(place)).toEqual([]);
});

test.for(["npm", "the shell between"])("npx tillkeeper agent ends when %s is killed", async (victim) => {
  const place = scratch();
  const silent = await silentServer();
  const { args, lock } = agentOf(silent.url);
  const program = npm(place, ["exec", "--", "tillkeeper", ...args]);
  await vi.waitFor(() => expect(silent.asked()).toBeGreaterThan(0));
  const agent = holderOf(lock);
  const parent = parentOf(agent);
  process.kill(victim === "npm" ? program.pid : parent, "SIGKILL");
  await vi.waitFor(() => expect(hasEnded(agent)).toBe(true));
  expect(existsSync(lock)).toBe(false);
});

test("a script that puts it into the background has meant that: it goes on without npm", async () => {
  const place = scratch();
  const silent = await silentServer();
  const { args, lock } = agentOf(silent.url);
  const program = npm(place, ["exec", "-c", `tillkeeper ${args.join(" ")} >/dev/null 2>&1 &`]);
  expect(await program.ended).toMatchObject({ code: 0 });
  await vi.waitFor(() => expect(silent.asked()).toBeGreaterThan(0));
  const before = silent.asked();
  const agent = holderOf(lock);
  // By the pauses between its attempts that is longer than it takes to notice an npm that has gone.
  await vi.waitFor(() => expect(silent.asked()).toBeGreaterThan(before + 2));
  expect(hasEnded(agent)).toBe(false);
  process.kill(agent, "SIGTERM");
  await vi.waitFor(() => expect(hasEnded(agent)).toBe(true));
});

// nohup(1) has SIGHUP ignored, which Node undoes at its start.
test("under nohup it survives the end of the terminal", async () => {
  const silent = await silentServer();
  const { args, lock } = agentOf(silent.url);
  const main = join(checkout, "packages/cli/src/main.ts");
  const program = new Program(["nohup", process.execPath, main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(async () => void (await program.end()));
  await vi.waitFor(() => expect(silent.asked()).toBeGreaterThan(0));
  program.signal("SIGHUP");
  const before = silent.asked();
  await vi.waitFor(() => expect(silent.asked()).toBeGreaterThan(before + 1));
  expect(hasEnded(holderOf(lock))).toBe(false);
  expect(await program.end("SIGTERM")).toMatchObject({ code: 0, signal: null });
});
