import type { KeyObject } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { StartupError } from "../../../platform/startup-error.ts";
import { isSignedWith, keyIdOf } from "./keys.ts";
import { type Checkpoint, CheckpointFault, type CheckpointHead, readCheckpoint } from "./text.ts";

/** A checkpoint on this machine, read through and its signature checked. */
export interface CheckpointFile extends Checkpoint {
  path: string;
}

export interface CheckedFiles {
  /** By number, each once. */
  checkpoints: CheckpointFile[];
  /** What is wrong with files, or with how they follow one another, each as a sentence without a full stop. */
  faults: string[];
}

/**
 * Reads files, and all files `*.ndjson` of folders and the folders in them. Signatures must be of one of the keys, and each
 * checkpoint must carry the digest of the checkpoint before. Throws `StartupError` when there is nothing to read.
 */
export async function checkCheckpoints(paths: string[], keys: KeyObject[]): Promise<CheckedFiles> {
  const faults: string[] = [];
  const read: CheckpointFile[] = [];
  for (const path of await filesIn(paths)) {
    const checkpoint = await readFileThrough(path, keys);
    if (typeof checkpoint === "string") faults.push(`${path} ${checkpoint}`);
    else read.push(checkpoint);
  }
  const checkpoints: CheckpointFile[] = [];
  for (const next of read.toSorted((a, b) => a.number - b.number)) {
    const before = checkpoints.at(-1);
    if (before?.digest === next.digest) continue;
    const fault = before && faultBetween(before, next);
    if (fault) faults.push(fault);
    checkpoints.push(next);
  }
  return { checkpoints, faults };
}

/** The heads of a file that was checked before. */
export async function readHeads(path: string, onHead: (head: CheckpointHead) => void | Promise<void>): Promise<void> {
  await readCheckpoint(createReadStream(path), onHead);
}

async function filesIn(paths: string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    try {
      if (!(await stat(path)).isDirectory()) files.push(path);
      else {
        const entries = await readdir(path, { recursive: true, withFileTypes: true });
        const found = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".ndjson"));
        if (found.length === 0) throw new StartupError(`There is no checkpoint (*.ndjson) in the folder ${path}.`);
        files.push(...found.map((entry) => join(entry.parentPath, entry.name)).toSorted());
      }
    } catch (error) {
      if (error instanceof StartupError) throw error;
      throw unreadable(path, error);
    }
  }
  return files;
}

async function readFileThrough(path: string, keys: KeyObject[]): Promise<CheckpointFile | string> {
  try {
    const checkpoint = await readCheckpoint(createReadStream(path));
    const key = keys.find((candidate) => keyIdOf(candidate) === checkpoint.key_id);
    if (!key) return `was signed with another key (${checkpoint.key_id}): name its public half with --public-key`;
    if (!isSignedWith(key, checkpoint.digest, checkpoint.signature))
      return "has a signature that is not right: it is forged";
    return { ...checkpoint, path };
  } catch (error) {
    if (error instanceof CheckpointFault) return error.message;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): StartupError {
  const { code = "" } = error as { code?: string };
  const reason = code === "ENOENT" ? "there is no such file" : code || String(error);
  return new StartupError(`The checkpoint ${path} cannot be read (${reason}): name a file, or a folder of files.`, {
    cause: error,
  });
}

function faultBetween(before: CheckpointFile, next: CheckpointFile): string | undefined {
  if (next.number === before.number) {
    return `${before.path} and ${next.path} are two different checkpoints of number ${next.number}`;
  }
  if (next.number > before.number + 1) {
    const missing = [before.number + 1, next.number - 1];
    const which = missing[0] === missing[1] ? `checkpoint ${missing[0]} is` : `checkpoints ${missing.join(" to ")} are`;
    return `${which} missing between ${before.path} and ${next.path}: name them as well, or ask for each file alone`;
  }
  if (next.previous === before.digest) return undefined;
  return `${next.path} does not carry the digest of the checkpoint before it, ${before.path}`;
}
