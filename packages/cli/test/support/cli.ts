import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, Program } from "@tillkeeper/stage/processes/program";
import { tillkeeper } from "@tillkeeper/stage/processes/tillkeeper";
import { inject, onTestFinished } from "vitest";

/** Folders of one test: nothing of it may be left when the program has ended. */
export interface Scratch {
  data: string;
  /** The program's folder for temporary files. */
  temporary: string;
  /** Settings that name both, and any free ports. */
  env: Record<string, string>;
  remove: () => void;
}

export function makeScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "tk-"));
  // A server that root starts hands its database to another user, who has to come through here.
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

/** As `makeScratch`, and removed after the test. */
export function scratch(): Scratch {
  const made = makeScratch();
  onTestFinished(() => made.remove());
  return made;
}

export interface Cli {
  /** Resolves when standard output matches; rejects when the program ends before. */
  until: (pattern: RegExp) => Promise<string>;
  signal: (signal: NodeJS.Signals) => void;
  ended: Promise<Ended>;
  /** Ends it with SIGTERM, if it still runs. */
  stop: () => Promise<Ended>;
}

/**
 * Runs the program with these settings and nothing else of our environment that it reads; perhaps by another program, which
 * becomes it.
 */
export function startCli(args: readonly string[], env: Record<string, string>, by: readonly string[] = []): Cli {
  const program = new Program([...by, ...tillkeeper, ...args], {
    env: { NODE_COMPILE_CACHE: inject("compiled"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return {
    ended: program.ended,
    signal: (signal) => program.signal(signal),
    stop: () => program.end("SIGTERM"),
    until: async (pattern) => {
      await program.prints(pattern);
      return program.stdout;
    },
  };
}

/** A sandbox that has printed its block; ends with the test. */
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

export function readSandboxFile({ data }: Scratch): SandboxFile {
  return JSON.parse(readFileSync(join(data, "sandbox.json"), "utf8"));
}

/** The process id of the embedded database of a running server. */
export function postgresPid({ data }: Scratch): number {
  return Number(readFileSync(join(data, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What the program has left in its folder for temporary files. */
export function leftBehind({ temporary }: Scratch): string[] {
  return readdirSync(temporary);
}
