import { resolve } from "node:path";
import { StartupError } from "../startup-error.ts";
import { type LockedFolder, lockFolder, troubleWith } from "./folder-lock.ts";

/**
 * Locks the data folder for this process: creates it (mode 0700) if missing, closes it to other users, and writes
 * `server.lock` into it. The lock of a dead server is taken over at once. `release()` is idempotent. Throws `FolderInUse`
 * when another live process holds the folder (naming its pid), and `StartupError` when the path is not a writable folder.
 */
export function lockDataFolder(folder: string): LockedFolder {
  const path = resolve(folder);
  try {
    return lockFolder(path, {
      lockName: "server.lock",
      ownNames: ["server-id", "postgres", "sandbox.json", "key"],
      inUse: (pid) =>
        `The data folder ${path} is in use by another server (process ${pid}): stop that one first, or name another folder in TILLKEEPER_DATA_DIR.`,
    });
  } catch (error) {
    throw folderError(path, error);
  }
}

/** Turns an error of the file system into a `StartupError` about the folder; returns any other error unchanged. */
export function folderError(folder: string, error: unknown): unknown {
  const trouble = troubleWith(error, "server");
  if (trouble === undefined) return error;
  return new StartupError(
    `The data folder ${folder} ${trouble}: change that, or name another folder in TILLKEEPER_DATA_DIR.`,
    { cause: error },
  );
}
