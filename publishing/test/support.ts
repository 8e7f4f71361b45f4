import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "@tillkeeper/stage/until";
import { onTestFinished } from "vitest";

/** The root folder of the checkout. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A folder without access to the checkout: it has no `node_modules` above it. */
export function emptyFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "tk-published-"));
  // A server that root starts runs its database as another user, who has to enter this folder.
  chmodSync(folder, 0o755);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/** The environment of a user's shell, without npm's variables, and with the project's Node first in PATH. */
function env(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(package|lifecycle)_|npm_config_local_prefix$|NODE_(ENV|OPTIONS)$|VITEST|TILLKEEPER_)/.test(name),
  );
  const path = `${dirname(process.execPath)}:${process.env["PATH"]}`;
  return { ...Object.fromEntries(kept), PATH: path, TILLKEEPER_HTTP_PORT: "0", TILLKEEPER_MQTT_PORT: "0" };
}

/** Runs a program to its end. Resolves with its output; rejects, with its output, when it fails. */
export async function run(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  const options = { cwd: folder, env: env(), maxBuffer: 2 ** 27 };
  const { stdout } = await promisify(execFile)(command, args, options).catch((cause: Error & { stdout: string }) => {
    throw new Error(`${cause.message}\n${cause.stdout}`);
  });
  return stdout;
}

/**
 * Runs a step of a CI job as its runner does: by bash, to the end of bash itself. What it left in the background ends with the test.
 * Resolves with the standard output; rejects when the step fails.
 */
export async function runStep(folder: string, line: string, settings: Record<string, string>): Promise<string> {
  // A file, as a pipe would be open as long as what runs in the background.
  const log = join(folder, "step.log");
  const output = openSync(log, "w");
  const step = spawn("bash", ["-e", "-c", line], {
    cwd: folder,
    env: { ...env(), ...settings },
    stdio: ["ignore", output, "ignore"],
    detached: true,
  });
  closeSync(output);
  onTestFinished(() => endGroup(step));
  const code = await new Promise<number | null>((resolve) => {
    step.once("exit", resolve);
  });
  const said = readFileSync(log, "utf8");
  if (code !== 0) throw new Error(`\`${line}\` ended with ${String(code)}:\n${said}`);
  return said;
}

/** Ends the process group of a program that has ended, and waits until all of the group are gone. */
async function endGroup({ pid }: ChildProcess): Promise<void> {
  const signal = (name: NodeJS.Signals | 0) => {
    try {
      return pid !== undefined && process.kill(-pid, name);
    } catch {
      return false;
    }
  };
  if (signal("SIGTERM")) await until(() => !signal(0), "the end of the step's programs");
}

/** Starts a program, and ends it with the test. Resolves with the output when that matches; rejects when the program ends. */
export function start(folder: string, pattern: RegExp, command: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd: folder, env: env(), stdio: ["ignore", "pipe", "pipe"], detached: true });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  onTestFinished(async () => {
    // npx does not pass signals on, so its process group gets the signal.
    if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGTERM");
    await ended;
  });
  return new Promise((resolve, reject) => {
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (pattern.test(said)) resolve(said);
      });
    }
    child.once("error", reject);
    void ended.then(() => reject(new Error(`ended without ${String(pattern)}:\n${said}`)));
  });
}
