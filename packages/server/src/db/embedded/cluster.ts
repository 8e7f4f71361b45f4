import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { folderError } from "../../platform/folders/data-folder.ts";
import { makeFolder } from "../../platform/folders/make-folder.ts";
import type { Logger } from "../../platform/log/log.ts";
import { StartupError } from "../../platform/startup-error.ts";
import { type Account, currentAccount, handTo, requireName } from "./account.ts";
import { MAJOR_VERSION } from "./binaries.ts";
import { killSurvivors } from "./orphan.ts";
import { endOf, startProgram } from "./program.ts";
import { forwardOutput } from "./server-output.ts";

/** The superuser of the cluster, and the database with the same name. */
export const ROLE = "tillkeeper";
const PASSWORD_FILE = "tillkeeper.password";

/**
 * Inspects the folder before any change. Returns its real path (a link to another disk is followed) and the owner of
 * the cluster in it, undefined without a cluster. Creates only the folder above, mode 0700. Throws `StartupError` when
 * the folder holds other files or a cluster of another release, or cannot be read.
 */
export function inspectCluster(folder: string): { path: string; owner: Account | undefined } {
  try {
    makeFolder(dirname(folder));
    const path = existsSync(folder) ? realpathSync(folder) : join(realpathSync(dirname(folder)), basename(folder));
    if (!existsSync(path)) return { path, owner: undefined };
    // Checked before the folder is read: the wrong owner explains best why a folder cannot be read.
    const { uid, gid } = statSync(path);
    const own = currentAccount().uid;
    if (own !== 0 && own !== uid) return { path, owner: { uid, gid } };
    const content = readdirSync(path);
    if (content.length === 0) return { path, owner: undefined };
    if (!content.includes("PG_VERSION")) {
      throw new StartupError(
        `The data folder ${path} holds files that are not a PostgreSQL cluster: empty it, or name another folder in TILLKEEPER_DATA_DIR.`,
      );
    }
    const version = readFileSync(join(path, "PG_VERSION"), "utf8").trim();
    if (version === MAJOR_VERSION) return { path, owner: { uid, gid } };
    throw new StartupError(
      `The data folder ${path} holds a PostgreSQL ${version} cluster, this version needs ${MAJOR_VERSION}: dump and restore it, or name another folder in TILLKEEPER_DATA_DIR.`,
    );
  } catch (error) {
    throw error instanceof StartupError ? error : folderError(folder, error);
  }
}

export interface CreateOptions {
  readonly cluster: string;
  readonly initdb: string;
  readonly account: Account;
  readonly runtimeFolder: string;
  /** false: do not wait for the disk, for tests that throw the cluster away */
  readonly durable: boolean;
  readonly log: Logger;
}

/**
 * Creates the cluster in a folder beside its place and renames it when it is complete, so that a kill leaves no partial
 * cluster. Throws `StartupError` with the last lines of initdb when that fails.
 */
export async function createCluster(options: CreateOptions): Promise<void> {
  const { cluster, account, durable } = options;
  try {
    requireName(account);
    await removeDrafts(cluster);
    const draft = mkdtempSync(draftPrefix(cluster));
    try {
      handTo(draft, account);
      const password = randomBytes(24).toString("base64url");
      await initialise(draft, password, options);
      writeFileSync(join(draft, PASSWORD_FILE), password, { mode: 0o600, flag: "wx", flush: durable });
      if (durable) syncFolder(draft);
      renameSync(draft, cluster);
      if (durable) syncFolder(dirname(cluster));
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  } catch (error) {
    throw error instanceof StartupError ? error : folderError(cluster, error);
  }
}

/** Removes partial clusters that killed first starts have left, and kills an initdb that is still writing one. */
async function removeDrafts(cluster: string): Promise<void> {
  const prefix = basename(draftPrefix(cluster));
  for (const name of readdirSync(dirname(cluster))) {
    if (name.startsWith(prefix)) await removeDraft(join(dirname(cluster), name));
  }
}

async function removeDraft(draft: string): Promise<void> {
  await killSurvivors(draft);
  await rm(draft, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** The password of `ROLE`. Throws `StartupError` when its file is missing or cannot be read. */
export function readPassword(cluster: string): string {
  const file = join(cluster, PASSWORD_FILE);
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new StartupError(`The password of the embedded PostgreSQL cannot be read from ${file}: restore that file.`, {
      cause: error,
    });
  }
}

/** Gives a cluster that root has copied or restored, and so owns, to the account PostgreSQL runs under. */
export function handOver(cluster: string, account: Account): void {
  handTo(cluster, account);
  for (const entry of readdirSync(cluster, { recursive: true, withFileTypes: true })) {
    handTo(join(entry.parentPath, entry.name), account);
  }
}

async function initialise(draft: string, password: string, options: CreateOptions): Promise<void> {
  const { account, runtimeFolder, durable } = options;
  const passwordFile = join(runtimeFolder, "password");
  writeFileSync(passwordFile, password, { mode: 0o600, flag: "wx" });
  try {
    handTo(passwordFile, account);
    const format = ["--encoding=UTF8", "--no-locale", "--no-instructions"];
    const access = [`--username=${ROLE}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    const args = [...format, ...access, ...(durable ? [] : ["--no-sync"])];
    const program = startProgram(options.initdb, args, { directory: draft, account, detached: false });
    const lastLines = forwardOutput(program.stderr, options.log);
    const end = await endOf(program);
    if (end === "exit code 0") return;
    throw new StartupError(
      `PostgreSQL could not create its cluster in ${options.cluster} (initdb, ${end}): ${lastLines()}`,
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function draftPrefix(cluster: string): string {
  return `${cluster}.init-`;
}

function syncFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
