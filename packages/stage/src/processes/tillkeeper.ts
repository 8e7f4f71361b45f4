import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** What starts the program with its command line; arguments follow. */
export const tillkeeper = [process.execPath, program] as const;

/** Once: processes that find nothing there write all of it when they end, which holds up their end. */
export async function compileInto(folder: string): Promise<void> {
  await promisify(execFile)(process.execPath, [program, "settings"], { env: { NODE_COMPILE_CACHE: folder } });
}
