import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, Program } from "@tillkeeper/stage/processes/program";
import { tillkeeper } from "@tillkeeper/stage/processes/tillkeeper";
import { inject, onTestFinished } from "vitest";

/** The folders of one test; the program must leave no temporary files behind. */
export interface Scratch {
  data: string;
  /** The program's folder for temporary files. */
  temporary: string;
  /** The settings for both folders, and for any free ports. */
  env: Record<string, string>;
  remove: () => void;
}

/** Makes a data folder and a folder for temporary files; the caller removes them. */
export function makeScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "tk-"));
  // A server that root starts runs its database as another user, who needs to enter this folder.
  chmodSync(folder, 0o755);
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  const data = join(folder, "data");
  return {
    data,
    temporary,
    env: { TMPDIR: temporary, TILLKEEPER_DATA_DIR: data, TILLKEEPER_HTTP_PORT: "0", TILLKEEPER_MQTT_PORT: "0" },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Makes folders as `makeScratch` does, which are removed after the test. */
export function scratch(): Scratch {
  const made = makeScratch();
  onTestFinished(() => made.remove());
  return made;
}

export interface Cli {
  /** Resolves when standard output matches. Rejects when the program ends before that. */
  until: (pattern: RegExp) => Promise<string>;
  /** What the program has written to standard error so far. */
  errors: () => string;
  signal: (signal: NodeJS.Signals) => void;
  ended: Promise<Ended>;
  /** Sends SIGTERM if the program still runs, and waits for its end. */
  stop: () => Promise<Ended>;
}

/**
 * Runs the program with these settings; it reads nothing else of this process's environment. `by` is a command that
 * executes the program in its place.
 */
export function startCli(args: readonly string[], env: Record<string, string>, by: readonly string[] = []): Cli {
  const program = new Program([...by, ...tillkeeper, ...args], {
    env: { NODE_COMPILE_CACHE: inject("compiled"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return {
    ended: program.ended,
    errors: () => program.stderr,
    signal: (signal) => program.signal(signal),
    stop: () => program.end("SIGTERM"),
    until: async (pattern) => {
      await program.prints(pattern);
      return program.stdout;
    },
  };
}

/** Starts a sandbox and waits for its block of text; it ends with the test. */
export async function startSandbox(env: Record<string, string>): Promise<Cli & { block: string }> {
  const cli = startCli(["sandbox"], env);
  onTestFinished(async () => void (await cli.stop()));
  return { ...cli, block: await cli.until(/Ctrl-C ends it\.\n/) };
}

export interface SandboxFile {
  http_url: string;
  mqtt_url: string;
  account_id: string;
  client_id: string;
  client_secret: string;
}

/** Reads the sandbox.json of a data folder. */
export function readSandboxFile({ data }: Scratch): SandboxFile {
  return JSON.parse(readFileSync(join(data, "sandbox.json"), "utf8"));
}

/** Returns the process id of a running server's embedded database. */
export function postgresPid({ data }: Scratch): number {
  return Number(readFileSync(join(data, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);
}

/** Returns whether a process with that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Returns the files that the program has left in its folder for temporary files. */
export function leftBehind({ temporary }: Scratch): string[] {
  return readdirSync(temporary);
}
