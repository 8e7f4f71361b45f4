import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

/** The checkout. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Nothing of the checkout leads there: neither `node_modules` above it nor what npm tells its scripts. */
export function emptyFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "tk-published-"));
  // A server that root starts hands its database to another user, who has to come through here.
  chmodSync(folder, 0o755);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/** The environment of somebody at a shell, with the project's Node first. */
function env(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(package|lifecycle)_|npm_config_local_prefix$|NODE_(ENV|OPTIONS)$|VITEST|TILLKEEPER_)/.test(name),
  );
  const path = `${dirname(process.execPath)}:${process.env["PATH"]}`;
  return { ...Object.fromEntries(kept), PATH: path, TILLKEEPER_HTTP_PORT: "0", TILLKEEPER_MQTT_PORT: "0" };
}

/** Runs a program to its end. Resolves with its output; rejects, with all that it said, when it fails. */
export async function run(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  const options = { cwd: folder, env: env(), maxBuffer: 2 ** 27 };
  const { stdout } = await promisify(execFile)(command, args, options).catch((cause: Error & { stdout: string }) => {
    throw new Error(`${cause.message}\n${cause.stdout}`);
  });
  return stdout;
}

/** Starts a program that goes on, and ends it with the test. Resolves when its output matches. */
export function start(folder: string, pattern: RegExp, command: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd: folder, env: env(), stdio: ["ignore", "pipe", "pipe"], detached: true });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  onTestFinished(async () => {
    // npx does not pass signals on, so its group gets them.
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
