import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartupError } from "../startup-error.ts";

/**
 * Makes a folder for temporary files, mode 0700, whose name begins with `prefix`. `parent` is the folder above it, by default that of
 * the system. Throws `StartupError` when none can be made there, as in a container with a read-only root and nothing at /tmp.
 */
export function makeTemporaryFolder(prefix: string, parent = tmpdir()): string {
  try {
    return mkdtempSync(join(parent, prefix));
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new StartupError(
      `No folder for temporary files can be made in ${parent} (${code}): make that writable, in a container by a tmpfs, or name another folder in TMPDIR.`,
      { cause: error },
    );
  }
}
