import { type LockedFolder, lockFolder, troubleWith } from "@tillkeeper/server/platform/folders/folder-lock";
import { StartupError } from "@tillkeeper/server/platform/startup-error";

/**
 * Locks the folder of a device's journal for this process: two processes with one journal would each close the same day.
 * The lock ends with the process. Throws `StartupError` when another process has it, or it is not a writable folder.
 */
export function takeStateFolder(folder: string): LockedFolder {
  try {
    return lockFolder(folder, {
      lockName: "running.lock",
      ownNames: ["device-keys.json", "device.json", "keys", "journals"],
      inUse: (pid) =>
        `The folder ${folder} is in use by another process (${pid}): stop that one first, or name another folder with --state.`,
    });
  } catch (error) {
    const trouble = troubleWith(error, "program");
    if (trouble === undefined) throw error;
    throw new StartupError(`The folder ${folder} ${trouble}: change that, or name another folder with --state.`, {
      cause: error,
    });
  }
}
