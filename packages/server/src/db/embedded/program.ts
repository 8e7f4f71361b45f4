import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { type Account, currentAccount } from "./account.ts";

/** A PostgreSQL program with only its standard error connected. */
export type Program = ChildProcess & { readonly stderr: Readable };

export interface ProgramOptions {
  /** value of the program's option `-D` */
  readonly directory: string;
  readonly account: Account;
  /** own session, so that Ctrl-C in the terminal reaches only this server */
  readonly detached: boolean;
}

/**
 * Starts a program of PostgreSQL under `account`. On Linux the program gets the directory as an open file descriptor.
 * The account may lack the right to traverse the folders above it, as for a clone in root's home. A descriptor needs no
 * such right.
 */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions): Program {
  const { account, directory, detached } = options;
  const other = account.uid !== currentAccount().uid;
  const handle =
    process.platform === "linux" ? openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY) : undefined;
  try {
    const program = spawn(command, ["-D", handle === undefined ? directory : "/proc/self/fd/3", ...args], {
      cwd: "/",
      detached,
      // A fixed environment: PG* variables would change the program's settings, and its messages are parsed in English.
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "ignore", "pipe", handle ?? "ignore"],
      ...(other ? { uid: account.uid, gid: account.gid } : {}),
    });
    if (!hasStderr(program)) throw new Error(`${command} was started without a standard error`);
    return program;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function hasStderr(program: ChildProcess): program is Program {
  return program.stderr !== null;
}

/** How a program ended, in words for a message. */
export function endOf(program: Program): Promise<string> {
  return new Promise((resolve) => {
    program.once("error", (error) => resolve(`could not be run: ${error.message}`));
    program.once("exit", (code, signal) => {
      const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
      // Wait a little for the last lines of output, but not until the stream closes. Children of a killed postmaster
      // can hold it open for long.
      const timer = setTimeout(() => resolve(end), 250);
      program.once("close", () => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });
}
