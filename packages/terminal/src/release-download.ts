import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, sleep } from "./clock.ts";
import { UpdateFailure } from "./update-failure.ts";
import { type Http, refused, request, unreachable } from "./update-manifest.ts";

export interface Download extends Http {
  url: URL;
  token: string;
  size: number;
  sha256: string;
  /** Where files lie until they are installed. */
  folder: string;
  clock: Clock;
}

/** So often in a row nothing at all may come of asking again. */
const mostFruitless = 4;
const firstPauseMs = 200;
const partName = /^[0-9a-f]{64}\.part$/;

/**
 * Fetches a release's file and answers where it lies, checked. What was fetched before a break, also before a power cut or
 * under another operation, is not fetched again.
 * Throws `UpdateFailure` with `update_unreachable`, `bad_checksum` or `storage_failed`.
 */
export async function downloadRelease(download: Download): Promise<string> {
  const { folder, sha256 } = download;
  const path = join(folder, `${sha256}.part`);
  await stored(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Whatever else is there was begun for a release that is not wanted any more.
    for (const name of await readdir(folder)) {
      if (partName.test(name) && name !== `${sha256}.part`) await rm(join(folder, name));
    }
  });
  const before = await complete(download, path);
  if ((await hashOf(path)) === sha256) return path;
  await stored(() => rm(path, { force: true }));
  // What had been lying there may have been at fault.
  if (before > 0) return downloadRelease(download);
  throw new UpdateFailure("bad_checksum", "The file that came is not the one that was announced");
}

/** Fetches what is missing; answers how many bytes were there before. */
async function complete(download: Download, path: string): Promise<number> {
  const { size, clock, signal } = download;
  const file = await stored(() => open(path, "a+", 0o600));
  try {
    const before = (await file.stat()).size;
    let bytes = before > size ? await emptied(file) : before;
    for (let fruitless = 0; bytes < size; ) {
      const had = bytes;
      const failure = await more(download, file, bytes).then(() => undefined, transient);
      bytes = (await file.stat()).size;
      if (bytes > size) throw new UpdateFailure("bad_checksum", "The file that comes is larger than announced");
      fruitless = bytes > had ? 0 : fruitless + 1;
      if (bytes >= size) break;
      if (fruitless > mostFruitless) throw failure ?? unreachable(undefined, signal);
      await sleep(clock, firstPauseMs * 2 ** fruitless, signal);
    }
    await stored(() => file.sync());
    return before;
  } catch (cause) {
    if (cause instanceof UpdateFailure && cause.code === "bad_checksum") await rm(path, { force: true });
    throw cause;
  } finally {
    await file.close();
  }
}

/** What may be better the next time, as a value; all else is thrown. */
function transient(cause: unknown): UpdateFailure {
  const { cause: why } = cause instanceof UpdateFailure ? cause : {};
  if (cause instanceof UpdateFailure && cause.code === "update_unreachable" && why !== final) return cause;
  throw cause;
}

/** Marks an answer that will stay the same. */
const final = new Error("the server has answered");

/** Appends what one request brings. */
async function more({ url, token, size, ...http }: Download, file: FileHandle, from: number): Promise<void> {
  const response = await request(url, { token }, http, from > 0 ? { range: `bytes=${from}-` } : {});
  let at = from;
  if (response.status === 200) {
    if (from > 0) at = await emptied(file);
  } else if (response.status !== 206 || !response.headers.get("content-range")?.startsWith(`bytes ${from}-`)) {
    await response.body?.cancel();
    const { code, message } = refused(response);
    // 5xx and 429 pass by.
    throw new UpdateFailure(code, message, response.status >= 429 ? undefined : final);
  }
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const chunk = await reader?.read().catch((cause: unknown) => Promise.reject(unreachable(cause, http.signal)));
      if (!chunk?.value) return;
      await stored(() => file.writeFile(chunk.value));
      at += chunk.value.byteLength;
      // One byte too many is seen by whoever looks at the file; the rest is not waited for.
      if (at > size) return;
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

async function emptied(file: FileHandle): Promise<0> {
  await stored(() => file.truncate(0));
  return 0;
}

async function hashOf(path: string): Promise<string> {
  return stored(async () => {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  });
}

async function stored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UpdateFailure("storage_failed", `The update could not be stored: ${why}`, cause);
  }
}
