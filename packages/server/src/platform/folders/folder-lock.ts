import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  accessSync,
  constants,
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { StartupError } from "../startup-error.ts";
import { makeFolder } from "./make-folder.ts";
import { makePrivate } from "./private-folder.ts";

interface LockOptions {
  /** Name of the lock file in the folder. */
  lockName: string;
  /** The message when a live process holds the folder. */
  inUse: (pid: number) => string;
  /** Names of files by which a folder is recognized as this program's. */
  ownNames: readonly string[];
}

/** A folder locked by this process. */
export interface LockedFolder {
  path: string;
  /** Removes the lock; idempotent. */
  release(): void;
}

/**
 * Locks a folder for this process: creates it (mode 0700) if missing and writes a lock file into it. The lock holds
 * while the process lives. The lock of a dead process is taken over at once. Other users lose their access to the
 * folder. Throws `StartupError` when a live process holds the lock, or when the folder is shared. Throws the file
 * system's error when the path is not a writable folder.
 */
export function lockFolder(folder: string, { lockName, inUse, ownNames }: LockOptions): LockedFolder {
  const path = resolve(folder);
  const lock = join(path, lockName);
  const mine = `${process.pid}\n${processStart(process.pid) ?? ""}\n`;
  makeFolder(path);
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  makePrivate(path, [lockName, ...ownNames]);
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
    ["ENOENT", "cannot be made: a link above it leads nowhere, or the folder above it takes no folders"],
    ["ENOTDIR", "is not a folder"],
    ["EACCES", closed],
    ["EPERM", closed],
    ["EROFS", "lies on a read-only file system"],
    ["ENOSPC", "lies on a full file system"],
    ["EDQUOT", "lies on a file system whose quota is used up"],
  ]).get(code);
}

function takeLock(lock: string, mine: string, inUse: LockOptions["inUse"]): void {
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
 * Writes the lock's content. On a full disk it becomes the target of a symbolic link, which needs no block of its own.
 * So a program also starts on a full disk, and can report there that the disk is full.
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

/**
 * Removes a stale lock. Two starting processes may both judge one lock stale. So the lock is moved aside and read
 * again; a newer lock is put back.
 */
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

/** False when `to` exists already. */
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

/** The pid in a lock, if that process still lives. An unreadable lock (power was lost while writing) has no holder. */
function livingHolder(content: string): number | undefined {
  const [first = "", start = ""] = content.split("\n");
  const pid = Number(first);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  const now = processStart(pid);
  // Pids are reused, quickly so in containers: the start time tells the holder from another process with its pid.
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

/** Start time of a process, unique per pid, even across a reboot; undefined where the system hides it. */
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

/** State of a process. "Z": killed, but not yet reaped by its parent; such a process holds no lock. */
function processState(pid: number): string | undefined {
  return process.platform === "linux" ? processStat(pid)?.[0] : undefined;
}

/** /proc/<pid>/stat from its third field on. The second field, the program's name, may hold spaces and brackets. */
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
