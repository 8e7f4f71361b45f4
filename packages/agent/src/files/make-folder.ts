import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes the folder, mode 0700, and the folders above it. Rejects with the file system's error; `EEXIST` when there is
 * something else at the path.
 *
 * It stands in for `recursive` of Node's `mkdir`, which never settles where a folder exists that takes no folders: below
 * a link to a disk that is not mounted, and in `/proc`.
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const missing = await made(path);
  if (missing === undefined) return;
  if (dirname(path) === path) throw missing;
  await makeFolder(dirname(path));
  const still = await made(path);
  // The folder above is there, so this is final.
  if (still) throw still;
}

/** Makes one folder. Resolves with the error when its place is missing. */
async function made(path: string): Promise<Error | undefined> {
  try {
    await mkdir(path, { mode: 0o700 });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return error as Error;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return undefined;
    throw error;
  }
}
