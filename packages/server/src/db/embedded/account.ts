import { accessSync, constants, lchownSync, readFileSync, realpathSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { StartupError } from "../../platform/startup-error.ts";

/** The system account that PostgreSQL runs under. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** System users made for a database, or for no rights at all; macOS puts an underscore before such names. */
const UNPRIVILEGED = ["postgres", "_postgres", "nobody"];

/**
 * Chooses the account that runs PostgreSQL, which refuses to run as root. A server started as root uses the owner of
 * the existing cluster, else `postgres` or `nobody`. A server started as another user runs PostgreSQL under its own
 * account. `owner` is the owner of the cluster, undefined without one. Throws `StartupError` when the cluster belongs
 * to another user, or root finds no account to use.
 */
export function chooseAccount(folder: string, owner: Account | undefined): Account {
  const own = currentAccount();
  if (own.uid !== 0) {
    if (owner === undefined || owner.uid === own.uid) return own;
    throw new StartupError(
      `The data folder ${folder} belongs to another user (uid ${owner.uid}, this server runs as uid ${own.uid}): start as that user, or name another folder in TILLKEEPER_DATA_DIR.`,
    );
  }
  if (owner !== undefined && owner.uid !== 0) return owner;
  const users = unprivilegedUsers();
  const chosen = UNPRIVILEGED.map((name) => users.get(name)).find((account) => account !== undefined);
  if (chosen !== undefined) return chosen;
  throw new StartupError(
    "PostgreSQL refuses to run as root and /etc/passwd names neither postgres nor nobody: start the server as an ordinary user.",
  );
}

/** The account this process runs under. */
export function currentAccount(): Account {
  return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
}

/**
 * Gives a file, folder or link to the account; its own files stay as they are. Throws `StartupError` where even root may not, as in a
 * container without capabilities.
 */
export function handTo(path: string, account: Account): void {
  if (account.uid === currentAccount().uid) return;
  try {
    lchownSync(path, account.uid, account.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    throw new StartupError(
      `PostgreSQL refuses to run as root, and here root may not give files to another user (uid ${account.uid}): start the server as an ordinary user, or leave it the capabilities CHOWN, SETUID and SETGID.`,
      { cause: error },
    );
  }
}

/**
 * Throws `StartupError` when this process runs under the account and no user has its number, as in a container with a number of its
 * own: PostgreSQL makes no cluster then. It runs with one that is there.
 */
export function requireName(account: Account): void {
  if (account.uid !== currentAccount().uid) return;
  try {
    userInfo();
  } catch (error) {
    throw new StartupError(
      `PostgreSQL makes its database only for a user with a name, and /etc/passwd has none for uid ${account.uid}: add a line for it, start as another user, or name an outside PostgreSQL in DATABASE_URL.`,
      { cause: error },
    );
  }
}

/**
 * Whether `account` can reach `path` through all folders above it, read it and, with `execute`, run or enter it. For
 * another account than this process's only the mode bits count, without supplementary groups: PostgreSQL is started
 * without them.
 */
export function canReach(path: string, account: Account, execute: boolean): boolean {
  try {
    if (account.uid === currentAccount().uid) {
      accessSync(path, execute ? constants.R_OK | constants.X_OK : constants.R_OK);
      return true;
    }
    const real = realpathSync(path);
    if (!permits(real, account, execute ? 0o5 : 0o4)) return false;
    for (let at = real; at !== dirname(at); at = dirname(at)) if (!permits(dirname(at), account, 0o1)) return false;
    return true;
  } catch {
    return false;
  }
}

function permits(path: string, account: Account, bits: number): boolean {
  const { mode, uid, gid } = statSync(path);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

function unprivilegedUsers(): Map<string, Account> {
  const users = new Map<string, Account>();
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name = "", , uid, gid] = line.split(":");
    const account = { uid: Number(uid), gid: Number(gid) };
    // macOS gives nobody the uid -2, which Node's setuid does not accept.
    if (account.uid > 0 && account.gid > 0) users.set(name, account);
  }
  return users;
}
