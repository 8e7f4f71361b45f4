import { join } from "node:path";

/** The file that tells the port and the token of the keeper which runs on the folder. */
export function keeperFile(folder: string): string {
  return join(folder, "keeper.json");
}

/** How a keeper locks its folder. */
export function keeperLock(folder: string) {
  return {
    lockName: "keeper.lock",
    ownNames: ["keeper.json", "postgres"],
    inUse: (pid: number) => `The folder ${folder} is kept by process ${pid}.`,
  };
}
