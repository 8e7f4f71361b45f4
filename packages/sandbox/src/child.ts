import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { programFile } from "./program-file.ts";

/** Longer than a cold start on a busy machine takes, which creates a cluster. */
const readyWithinMs = 120_000;
const killAfterMs = 20_000;

/** The process of a sandbox, and the line that it printed when it was ready. */
export interface Child {
  said: string;
  stop(): Promise<void>;
}

/**
 * Starts `tillkeeper sandbox` and resolves when it has printed its line. It ends with this process, however that ends. Rejects with
 * what the child wrote to standard error when it ends before.
 */
export async function startChild(args: readonly string[]): Promise<Child> {
  // Settings of a live server, of which this process may know, are none of a sandbox's.
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(?:TILLKEEPER_(?!LOG_LEVEL$)|DATABASE_URL$|MQTT_URL$|NODE_OPTIONS$|VITEST|JEST_)/.test(name),
  );
  const child = spawn(process.execPath, [programFile(), "sandbox", ...args], {
    // Compiled sources are kept between starts, which takes a third off.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"), ...Object.fromEntries(environment) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-8_000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      complaints += error.message;
      resolve();
    });
    child.once("close", () => resolve());
  });
  const stop = () => end(child, ended);
  // A test that forgets to stop its sandbox still ends; the child then sees the end of its input.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as Socket).unref();
  child.stdin.on("error", () => undefined);
  const said = await firstLine(child, ended);
  if (said !== undefined) return { said, stop };
  await stop();
  throw new Error(`The sandbox did not start: ${complaints.trim() || "it said nothing"}`);
}

async function firstLine(child: ChildProcess, ended: Promise<void>): Promise<string | undefined> {
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  // Also keeps this process alive while it waits.
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      new Promise<string>((resolve) => {
        lines.once("line", resolve);
      }),
      ended.then(() => undefined),
      new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), readyWithinMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
    lines.close();
    child.stdout?.resume();
  }
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.stdin?.end();
  child.ref();
  const kill = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  await ended;
  clearTimeout(kill);
}
