import { type ChildProcess, execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Program } from "@tillkeeper/stage/processes/program";
import { Client } from "pg";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from "../../src/db/embedded/postgres.ts";
import type { Logger } from "../../src/platform/log/log.ts";

/**
 * Creates a temporary folder with mode 0700. It is removed after the test, even if the test has changed modes below it.
 */
export function scratchFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "tillkeeper-test-"));
  onTestFinished(() => {
    chmodSync(path, 0o700);
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  });
  return path;
}

/** Starts PostgreSQL without waiting for the disk, and stops it after the test. */
export async function startScratch(
  folder: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const log = pino({ level: "silent" });
  const postgres = await startEmbeddedPostgres({ folder, log, settings: { fsync: "off" }, ...options });
  onTestFinished(() => postgres.stop());
  return postgres;
}

/** Runs one statement over a connection of its own, and returns the first column of each row. */
export async function query(connection: EmbeddedPostgres["connection"], text: string): Promise<unknown[]> {
  const client = new Client(connection);
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text, rowMode: "array" });
    return rows.map((row) => row[0]);
  } finally {
    await client.end();
  }
}

/** Returns a logger and the messages that it has got. */
export function collectingLog(): { log: Logger; messages: { level: number; msg: string }[] } {
  const messages: { level: number; msg: string }[] = [];
  const target = new Writable({
    write(chunk, _encoding, done) {
      messages.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { log: pino({ level: "debug" }, target), messages };
}

export interface Child {
  readonly process: ChildProcess;
  /** Resolves with the next line of the standard output, or with undefined when the output has ended. */
  line(): Promise<string | undefined>;
  /** Kills the process (kill -9). Resolves when the process has ended. */
  kill(): Promise<void>;
}

/** Runs a script of this folder in a Node process of its own. */
export function startChild(script: string, ...args: string[]): Child {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const program = new Program([process.execPath, path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: program.child.stdout as Readable })[Symbol.asyncIterator]();
  const kill = async () => void (await program.end());
  onTestFinished(kill);
  return { process: program.child, kill, line: async () => (await lines.next()).value };
}

/** Returns whether the process runs. A zombie, whose parent has not read its exit code yet, does not run. */
export function isAlive(pid: number): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    return false;
  }
}
