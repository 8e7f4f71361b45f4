import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import type { Exit } from "./run-log.ts";

/** How long a program may take to end after SIGTERM. */
const graceMs = 3000;

export interface ProgramOptions {
  /** The command and its arguments. */
  command: readonly string[];
  /** What it needs to know, by the names of environment variables. */
  variables: Readonly<Record<string, string>>;
  /** It is ended when so many seconds are over. */
  seconds: number;
  signal: AbortSignal;
  /** Called with each line that it prints. */
  overheard: (line: string) => void;
}

/** Runs the program once, until it ends or is ended. Throws `StartupError` when it cannot be started. */
export async function runProgram(options: ProgramOptions): Promise<Exit> {
  const { variables, signal, seconds } = options;
  const [command = "", ...args] = options.command.map((part) => filled(part, variables));
  const child = spawn(command, args, {
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that the end reaches what the program has started.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.trimEnd().split("\n")) options.overheard(line);
    });
  const ended = once(child, "close").then(
    ([code]) => code as number | null,
    (cause: unknown) => {
      throw new StartupError(`${command} cannot be started: ${(cause as Error).message}.`, { cause });
    },
  );
  const over = new AbortController();
  const late = sleep(seconds * 1000, "late" as const, { signal: AbortSignal.any([signal, over.signal]) }).catch(
    () => "late" as const,
  );
  const first = await Promise.race([ended, late]);
  over.abort();
  if (first !== "late") return { code: first, outOfTime: false };
  return { code: await endNow(child, ended), outOfTime: true };
}

async function endNow(child: ChildProcess, ended: Promise<number | null>): Promise<number | null> {
  kill(child, "SIGTERM");
  const timer = setTimeout(() => kill(child, "SIGKILL"), graceMs);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Puts values in place of `{terminal}` and the like: the variables without their beginning, in lower case. */
function filled(part: string, variables: Readonly<Record<string, string>>): string {
  return part.replaceAll(
    /\{([a-z_]+)\}/g,
    (text, name: string) => variables[`TILLKEEPER_${name.toUpperCase()}`] ?? text,
  );
}
