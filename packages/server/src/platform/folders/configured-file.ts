import { readFileSync } from "node:fs";
import { StartupError } from "../startup-error.ts";

/** The text of a file that a setting names. Throws `StartupError` when it cannot be read. */
export function readConfigured(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = "it cannot be read" } = error as { code?: string };
    throw new StartupError(`The file ${path} (${setting}) cannot be read: ${code}.`, { cause: error });
  }
}
