import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** The command that starts the command line of Tillkeeper; arguments follow. */
export const tillkeeper = [process.execPath, program] as const;

const compileAll = fileURLToPath(new URL("./compile-all.ts", import.meta.url));

/**
 * Fills the compile cache once. A process that finds the folder empty writes all of it at its end, which delays that
 * end.
 */
export async function compileInto(folder: string): Promise<void> {
  await promisify(execFile)(process.execPath, [compileAll], { env: { NODE_COMPILE_CACHE: folder } });
}
