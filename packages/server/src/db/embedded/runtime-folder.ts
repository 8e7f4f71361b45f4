import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { makeTemporaryFolder } from "../../platform/folders/temporary-folder.ts";
import { StartupError } from "../../platform/startup-error.ts";
import { type Account, canReach, currentAccount, handTo } from "./account.ts";

const PREFIX = "tillkeeper-pg-";
const MARKER = "cluster";
/** sun_path holds 104 bytes on macOS and 108 on Linux, with the closing zero. */
const SOCKET_PATH_BYTES = 103;

export const PORT = 5432;

/**
 * Creates a folder (mode 0700, owned by `account`) with a path short enough for a unix socket, independent of the data
 * folder's path. A marker file names the cluster it serves, so that a later start can remove it after a kill.
 */
export function createRuntimeFolder(cluster: string, account: Account): string {
  const path = makeTemporaryFolder(PREFIX, temporaryFolder(account));
  writeFileSync(join(path, MARKER), markerOf(cluster), { mode: 0o600 });
  handTo(path, account);
  return path;
}

/**
 * Refreshes the change time of all files in the folder. Cleaners of temporary files (systemd-tmpfiles) remove files
 * unchanged for ten days, even libraries in use. Setting the mode that a file already has changes its time and nothing
 * else, even through a hard link.
 */
export function touchRuntimeFolder(path: string): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) chmodSync(file, statSync(file).mode & 0o7777);
  }
}

/** Removes a runtime folder; a missing folder is no error. */
export function removeRuntimeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

/**
 * Removes runtime folders that killed servers of this cluster have left, and `known`, whatever its path. A folder is
 * removed only if name, owner and marker match: other clusters of this user may be running.
 */
export function removeStaleRuntimeFolders(cluster: string, account: Account, known: string | undefined): void {
  const folder = temporaryFolder(account);
  const found = readdirSync(folder).map((name) => join(folder, name));
  for (const path of new Set(known === undefined ? found : [...found, known])) {
    if (basename(path).startsWith(PREFIX) && servedCluster(path, account, cluster)) removeRuntimeFolder(path);
  }
}

function servedCluster(path: string, account: Account, cluster: string): boolean {
  try {
    const { uid } = lstatSync(path);
    const ours = uid === account.uid || uid === currentAccount().uid;
    return ours && lstatSync(path).isDirectory() && readFileSync(join(path, MARKER), "utf8") === markerOf(cluster);
  } catch {
    return false;
  }
}

/**
 * Identifies a cluster by device and inode of the folder above it, not by path. A copied data folder must not claim the
 * original's runtime folders.
 */
function markerOf(cluster: string): string {
  const { dev, ino } = statSync(dirname(cluster));
  return `${dev}:${ino}/${basename(cluster)}`;
}

function temporaryFolder(account: Account): string {
  const socket = join(`${PREFIX}XXXXXX`, `.s.PGSQL.${PORT}`);
  for (const folder of [tmpdir(), "/tmp"]) {
    const fits = Buffer.byteLength(join(folder, socket)) <= SOCKET_PATH_BYTES;
    if (fits && canReach(folder, account, true)) return folder;
  }
  throw new StartupError(
    `No folder for temporary files suits a unix socket: ${tmpdir()} and /tmp are too long or not accessible; set TMPDIR to a short path.`,
  );
}
