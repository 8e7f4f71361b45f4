import { join } from "node:path";

/** The file that tells the port and the token of the keeper which runs on the folder. */
export function keeperFile(folder: string): string {
  return join(folder, "keeper.json");
}
