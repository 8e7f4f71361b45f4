import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { freeBytesIn } from "../memory/disk-space.ts";
import { makeFolder } from "./make-folder.ts";
import { UpdateFailure } from "./update-failure.ts";
import { type Http, refused, request, unreachable } from "./update-manifest.ts";
import { Tries } from "./update-retries.ts";

/**
 * A release's file to download: `size` in bytes, `sha256` in lower-case hex, both verified by the release's signature.
 */
export interface Download extends Http {
  url: URL;
  token: string;
  size: number;
  sha256: string;
  /** The folder for files until they are installed. */
  folder: string;
  clock: Clock;
}

/** Bytes left free on the disk, so that the journal can be written while a download fills the rest. */
const roomForJournal = 512 * 1024;
const partName = /^[0-9a-f]{64}\.part$/;

/**
 * Downloads a release's file, checks its digest and resolves with its path. Tries again while the operation's time
 * lasts. Bytes from before a broken connection, a power cut or of an earlier operation are not fetched again. Rejects
 * with `UpdateFailure`: `update_unreachable`, `bad_checksum` or `storage_failed`.
 */
export async function downloadRelease(download: Download): Promise<string> {
  const { folder, sha256 } = download;
  const path = join(folder, `${sha256}.part`);
  await asStorageFailure(async () => {
    await makeFolder(folder);
    // Other parts belong to releases that are not wanted any more.
    for (const name of await readdir(folder)) {
      if (partName.test(name) && name !== `${sha256}.part`) await rm(join(folder, name));
    }
  });
  await requireRoom(download, path);
  const before = await complete(download, path);
  if ((await hashOf(path)) === sha256) return path;
  await asStorageFailure(() => rm(path, { force: true }));
  // The bytes from before may be wrong: download once more from the beginning.
  if (before > 0) return downloadRelease(download);
  throw new UpdateFailure("bad_checksum", "The file that came is not the one that was announced");
}

/** Requires free space for the file and for the journal beside it, before anything is fetched. */
async function requireRoom({ folder, size }: Download, path: string): Promise<void> {
  const room = await freeBytesIn(folder);
  if (room === undefined) return;
  const existing = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  const needed = Math.max(0, size - existing) + roomForJournal;
  if (room >= needed) return;
  await rm(path, { force: true });
  const message = `The update needs ${needed} bytes of room, and the disk has ${room}`;
  throw new UpdateFailure("storage_failed", message);
}

/** Fetches the missing bytes; resolves with the number of bytes that were there before. */
async function complete(download: Download, path: string): Promise<number> {
  const { size } = download;
  const file = await asStorageFailure(() => open(path, "a+", 0o600));
  try {
    const before = (await file.stat()).size;
    let bytes = before > size ? await emptied(file) : before;
    const tries = new Tries(download);
    while (bytes < size) {
      const had = bytes;
      const failure = await appendMore(download, file, bytes).then(() => undefined, identity);
      bytes = (await file.stat()).size;
      if (bytes > size) throw new UpdateFailure("bad_checksum", "The file that comes is larger than announced");
      if (bytes > had) tries.moved();
      if (bytes < size) await tries.failed(failure);
    }
    await asStorageFailure(() => file.sync());
    return before;
  } catch (cause) {
    // The part is of no use, or takes the space that the journal needs.
    if (cause instanceof UpdateFailure && cause.code !== "update_unreachable") await rm(path, { force: true });
    throw cause;
  } finally {
    await file.close();
  }
}

function identity(failure: unknown): unknown {
  return failure;
}

/** Makes one request, and appends its bytes to the file. */
async function appendMore({ url, token, size, ...http }: Download, file: FileHandle, from: number): Promise<void> {
  const response = await request(url, { token }, http, from > 0 ? { range: `bytes=${from}-` } : {});
  let at = from;
  if (response.status === 200) {
    if (from > 0) at = await emptied(file);
  } else if (response.status !== 206 || !response.headers.get("content-range")?.startsWith(`bytes ${from}-`)) {
    await response.body?.cancel();
    throw refused(response);
  }
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const chunk = await reader?.read().catch((cause: unknown) => Promise.reject(unreachable(cause, http.signal)));
      if (!chunk?.value) return;
      await asStorageFailure(() => file.writeFile(chunk.value));
      at += chunk.value.byteLength;
      // The caller sees one byte too many in the file's size; the rest is not read.
      if (at > size) return;
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

async function emptied(file: FileHandle): Promise<0> {
  await asStorageFailure(() => file.truncate(0));
  return 0;
}

async function hashOf(path: string): Promise<string> {
  return asStorageFailure(async () => {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  });
}

async function asStorageFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UpdateFailure("storage_failed", `The update could not be stored: ${why}`, cause);
  }
}
