import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolderAsync } from "../platform/folders/make-folder.ts";
import { checkedName, type FileStore } from "./file-store.ts";

/** A folder that no file's name can lead to. */
const drafts = ".drafts";

/** Stores files in a folder of this machine, readable by this user only. Several servers need a shared folder. */
export function folderStore(folder: string): FileStore {
  const pathOf = (name: string) => join(folder, checkedName(name));
  return {
    async put(name, content, signal) {
      const path = pathOf(name);
      // In the file system of its final place, so that renaming is one step.
      const draft = join(folder, drafts, randomUUID());
      await makeFolder(dirname(draft));
      await makeFolder(dirname(path));
      try {
        const bytes = await writeDraft(draft, content, signal);
        // After an abort the caller may have removed the file already; the renaming must not bring it back.
        signal?.throwIfAborted();
        await rename(draft, path);
        await syncFolder(dirname(path));
        return { bytes };
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    async get(name, part) {
      const path = pathOf(name);
      const found = await stat(path).catch(ifMissing);
      return found && createReadStream(path, part && { start: part.first, end: part.last });
    },
    remove: (name) => rm(pathOf(name), { force: true }),
  };
}

/** Removes drafts that crashes have left and that were not changed for `untouchedMs`. */
export async function clearDrafts(folder: string, untouchedMs: number): Promise<void> {
  const path = join(folder, drafts);
  for (const name of (await readdir(path).catch(ifMissing)) ?? []) {
    const draft = await stat(join(path, name)).catch(ifMissing);
    if (draft && Date.now() - untouchedMs >= Math.floor(draft.mtimeMs)) await rm(join(path, name), { force: true });
  }
}

/** Creates a folder such that each new folder above it survives a power cut, too. */
async function makeFolder(path: string): Promise<void> {
  const first = await makeFolderAsync(path);
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function writeDraft(path: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
  const file = await open(path, "wx", 0o600);
  try {
    let bytes = 0;
    for await (const chunk of content) {
      signal?.throwIfAborted();
      await writeAll(file, chunk);
      bytes += chunk.byteLength;
    }
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
}

/** Syncs a folder: only then does a new name in it survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
