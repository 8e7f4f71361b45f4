import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { type Account, currentAccount } from "./account.ts";

/** A PostgreSQL program with only its standard error connected. */
export type Program = ChildProcess & { readonly stderr: Readable };

export interface ProgramOptions {
  /** what the program gets as `-D` */
  readonly directory: string;
  readonly account: Account;
  /** own session, so that Ctrl-C in the terminal reaches only this server */
  readonly detached: boolean;
}

/**
 * Starts a program of PostgreSQL under `account`. On Linux the directory is handed over open: the account may lack the
 * right to pass the folders above it (a clone in root's home), and needs none for a directory it already holds.
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
      // Nothing of ours: PG* variables would change its settings, and its messages are read in English.
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
      // The last lines may still be on their way; but children of a killed postmaster can hold the stream open for long.
      const patience = setTimeout(() => resolve(end), 250);
      program.once("close", () => {
        clearTimeout(patience);
        resolve(end);
      });
    });
  });
}
