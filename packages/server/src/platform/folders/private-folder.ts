import { chmodSync, readdirSync, statSync } from "node:fs";
import { StartupError } from "../startup-error.ts";

const forOthers = 0o077;
const writableByAll = 0o002;

/**
 * Removes other users' access to a folder. The folder must be empty or hold one of `ownNames`. Throws `StartupError`
 * for a folder with other files, such as `/tmp` or a home. Throws it, too, for another user's folder that every user
 * may write to. Other folders of another user stay as they are, as in containers.
 */
export function makePrivate(path: string, ownNames: readonly string[]): void {
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
