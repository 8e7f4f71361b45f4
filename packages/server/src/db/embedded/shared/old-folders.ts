import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { lockFolder } from "../../../platform/folders/folder-lock.ts";
import { keeperLock } from "./keeper-file.ts";

const usual = { unusedMs: 14 * 24 * 3_600_000 };
const name = /^sandboxes-[\da-f]{12}(?:\.gone)?$/;

/**
 * Removes the clusters of other versions beside `own` that were not used for two weeks. One whose keeper runs stays: its folder is
 * locked. What cannot be removed stays, too; another keeper tries again.
 */
export function removeOldFolders(cache: string, own: string, { unusedMs } = usual): void {
  for (const found of readdirSync(cache)) {
    const folder = join(cache, found);
    // A keeper writes its file into the folder when it begins, and removes it at its end.
    if (!name.test(found) || found === own || Date.now() - statSync(folder).mtimeMs < unusedMs) continue;
    try {
      remove(folder);
    } catch {}
  }
}

/** Moves the folder away under its lock, so that a keeper that starts meanwhile makes a new one. */
function remove(folder: string): void {
  if (folder.endsWith(".gone")) return rmSync(folder, { recursive: true, force: true });
  const lock = lockFolder(folder, keeperLock(folder));
  const aside = `${folder}.gone`;
  try {
    rmSync(aside, { recursive: true, force: true });
    renameSync(folder, aside);
  } finally {
    lock.release();
  }
  rmSync(aside, { recursive: true, force: true });
}
