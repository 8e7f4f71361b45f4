import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  accessSync,
  constants,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { StartupError } from "../startup-error.ts";
import { keepPrivate } from "./private-folder.ts";

interface LockWords {
  /** Of the file in the folder. */
  lockName: string;
  /** The sentence for who finds the folder taken. */
  inUse: (pid: number) => string;
  /** Names in the folder that show whose it is. */
  ownNames: readonly string[];
}

/** A folder that is this process's alone. */
export interface TakenFolder {
  path: string;
  /** Idempotent. */
  release(): void;
}

/**
 * Takes a folder for this process: creates it (mode 0700) if missing and writes a lock into it, which holds for as long as
 * the process lives. The lock of a process that has died is taken over at once. Other users lose their access to the folder.
 * Throws `StartupError` when a live process holds it or it is a shared folder. Of a path that is not a writable folder it
 * throws what the file system says.
 */
export function lockFolder(folder: string, { lockName, inUse, ownNames }: LockWords): TakenFolder {
  const path = resolve(folder);
  const lock = join(path, lockName);
  const mine = `${process.pid}\n${processStart(process.pid) ?? ""}\n`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  keepPrivate(path, [lockName, ...ownNames]);
  takeLock(lock, mine, inUse);
  return {
    path,
    release() {
      if (readLock(lock) === mine) rmSync(lock, { force: true });
    },
  };
}

/** Why a folder cannot be used, as the end of a sentence; undefined for an error that is not from the file system. */
export function troubleWith(error: unknown, program: string): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const closed = `is not accessible and writable for the user of this ${program} (uid ${process.getuid?.() ?? "unknown"})`;
  return new Map<unknown, string>([
    ["EEXIST", "is not a folder"],
    ["ENOTDIR", "is not a folder"],
    ["EACCES", closed],
    ["EPERM", closed],
    ["EROFS", "lies on a read-only file system"],
    ["ENOSPC", "lies on a full file system"],
    ["EDQUOT", "lies on a file system whose quota is used up"],
  ]).get(code);
}

function takeLock(lock: string, mine: string, inUse: LockWords["inUse"]): void {
  const draft = `${lock}.${randomUUID()}`;
  try {
    writeDraft(draft, mine);
    // link(2) makes the lock appear complete or not at all; an exclusive open would show an empty file for a moment.
    for (;;) {
      if (linked(draft, lock)) return;
      const found = readLock(lock);
      if (found === undefined) continue;
      const pid = livingHolder(found);
      if (pid !== undefined) throw new StartupError(inUse(pid));
      clearStale(lock, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * A symbolic link holds its text without a block of its own: so a program also starts on a full disk, and can say there that
 * the disk is full.
 */
function writeDraft(draft: string, mine: string): void {
  try {
    writeFileSync(draft, mine, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!isCode(error, "ENOSPC") && !isCode(error, "EDQUOT")) throw error;
    rmSync(draft, { force: true });
    symlinkSync(mine, draft);
  }
}

/** Two starting processes may judge the same lock stale; what was moved away is looked at again, so neither removes the other's. */
function clearStale(lock: string, stale: string): void {
  const aside = `${lock}.${randomUUID()}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  if (readLock(aside) !== stale) linked(aside, lock);
  rmSync(aside, { force: true });
}

/** False when something already has the name `to`. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

function readLock(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    if (!isCode(error, "EINVAL")) throw error;
  }
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** The pid in a lock if that very process still lives. An unreadable lock (power was lost while writing) has no holder. */
function livingHolder(content: string): number | undefined {
  const [first = "", start = ""] = content.split("\n");
  const pid = Number(first);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  const now = processStart(pid);
  // Pids are reused, quickly so in containers: the start time tells the holder from a stranger that has its number.
  return start === "" || now === undefined || now === start ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, "EPERM");
  }
  return processState(pid) !== "Z";
}

/** A text that no two processes with the same pid share, not even across a reboot; undefined where the system hides it. */
function processStart(pid: number): string | undefined {
  if (process.platform === "linux") {
    const ticks = processStat(pid)?.[19];
    return ticks === undefined
      ? undefined
      : `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${ticks}`;
  }
  try {
    const env = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
    const started = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env });
    return started.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** "Z": killed, but its parent has not taken notice yet; such a process holds nothing any more. */
function processState(pid: number): string | undefined {
  return process.platform === "linux" ? processStat(pid)?.[0] : undefined;
}

/** /proc/<pid>/stat from its third field on: the second one, the program's name, may itself hold spaces and brackets. */
function processStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
