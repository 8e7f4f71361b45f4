import { chmodSync, readdirSync, statSync } from "node:fs";
import { StartupError } from "../startup-error.ts";

const forOthers = 0o077;
const writableByAll = 0o002;

/**
 * Takes other users' access to a folder away. It must be empty or hold one of `ownNames`: a folder with files of others,
 * as `/tmp` or a home, is refused with a `StartupError`. So is one of another owner that every user may write to; else such
 * a folder is left as its owner has made it, as in containers.
 */
export function keepPrivate(path: string, ownNames: readonly string[]): void {
  const { mode, uid } = statSync(path);
  if ((mode & forOthers) === 0) return;
  const shown = (mode & 0o7777).toString(8).padStart(4, "0");
  if (uid !== process.getuid?.()) {
    if (!(mode & writableByAll)) return;
    throw new StartupError(
      `The folder ${path} belongs to another user and every user may write to it (mode ${shown}): name another folder.`,
    );
  }
  const names = readdirSync(path);
  if (names.length > 0 && !names.some((name) => ownNames.includes(name))) {
    throw new StartupError(
      `The folder ${path} is open to other users (mode ${shown}) and holds files of something else: close it with chmod 700, or name another folder.`,
    );
  }
  chmodSync(path, 0o700);
}
