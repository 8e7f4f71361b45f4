import { execFileSync } from "node:child_process";
import {
  chownSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../platform/log/log.ts";

/** Above every pid limit of Linux (2^22) and macOS (99998), so never the number of a process. */
const NO_PROCESS = 2_147_483_646;
/** What to send and how long to wait for it, in milliseconds: fast shutdown, then without a checkpoint, then by force. */
const ENDINGS = [
  ["SIGINT", 10_000],
  ["SIGQUIT", 5_000],
  ["SIGKILL", 5_000],
] as const;

/** How long killed processes may take to disappear. */
const SURVIVORS_MS = 5_000;

/** The lines of `postmaster.pid` that matter here. */
interface PostmasterFile {
  readonly pid: number;
  readonly socketFolder: string | undefined;
  readonly ready: boolean;
}

/** What the running or last PostgreSQL on this cluster has noted about itself; undefined when nothing of use. */
export function readPostmasterFile(cluster: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n");
    const pid = Number(lines[0]);
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, socketFolder: lines[4] || undefined, ready: lines[7]?.trim() === "ready" };
  } catch {
    return undefined;
  }
}

/**
 * Clears the way for a new PostgreSQL on this cluster: one that has outlived its killed server is shut down, and the
 * note of one that is gone is made harmless. Resolves to the socket folder the old one used, if it left a note.
 */
export async function replaceOrphan(cluster: string, log: Logger): Promise<string | undefined> {
  const note = readPostmasterFile(cluster);
  if (note === undefined) {
    // An empty file, left by a power failure, would keep PostgreSQL from starting.
    rmSync(join(cluster, "postmaster.pid"), { force: true });
    return undefined;
  }
  if (worksOn(cluster, note.pid)) {
    log.warn({ postgresPid: note.pid }, "a PostgreSQL whose server was killed is still running: shutting it down");
    await end(cluster, note.pid);
  } else if (exists(note.pid)) disown(cluster, note.pid);
  return note.socketFolder;
}

/**
 * Kills what still works on a directory although nobody directs it any more: processes of a killed postmaster, which
 * hold the shared memory until the end of their statement, or an initdb whose server was killed. Resolves when they are
 * gone. Linux only: elsewhere nothing proves whose they are.
 */
export async function killSurvivors(directory: string): Promise<void> {
  if (process.platform !== "linux") return;
  const deadline = Date.now() + SURVIVORS_MS;
  // Looked for again and again, because initdb may start another helper just before it is hit.
  while (Date.now() < deadline) {
    const found = readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && worksOn(directory, pid));
    if (found.length === 0) return;
    for (const pid of found) send(pid, "SIGKILL");
    await delay(10);
  }
}

async function end(cluster: string, pid: number): Promise<void> {
  for (const [signal, patience] of ENDINGS) {
    if (!worksOn(cluster, pid)) return;
    send(pid, signal);
    const deadline = Date.now() + patience;
    while (worksOn(cluster, pid) && Date.now() < deadline) await delay(20);
  }
}

/**
 * A stranger has got the old number, which PostgreSQL would take for a running server. Only the number is changed: the
 * rest of the file lets PostgreSQL itself check that no process of the old server still uses the shared memory.
 */
function disown(cluster: string, pid: number): void {
  const file = join(cluster, "postmaster.pid");
  const { uid, gid } = statSync(cluster);
  const content = readFileSync(file, "utf8").replace(String(pid), String(NO_PROCESS));
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  chownSync(`${file}.new`, uid, gid);
  renameSync(`${file}.new`, file);
}

/** Proven, not guessed: a program of PostgreSQL that works in, or was handed, this very directory. */
function worksOn(directory: string, pid: number): boolean {
  try {
    if (process.platform !== "linux") {
      const env = { PATH: process.env["PATH"], LC_ALL: "C" };
      const command = execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8", env });
      return command.includes(`/postgres -D ${directory} `);
    }
    // A package updated meanwhile leaves "postgres (deleted)".
    if (!/^(?:postgres|initdb)\b/.test(basename(readlinkSync(`/proc/${pid}/exe`)))) return false;
    return isSame(directory, `/proc/${pid}/cwd`) || isSame(directory, `/proc/${pid}/fd/3`);
  } catch {
    return false;
  }
}

function isSame(directory: string, other: string): boolean {
  const [here, there] = [statSync(directory), statSync(other, { throwIfNoEntry: false })];
  return there !== undefined && there.dev === here.dev && there.ino === here.ino;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
