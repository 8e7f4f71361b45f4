/** A server that holds, or does not get, the lock of the given data folder: prints "held" or why not, and waits. */
import { lockDataFolder } from "../../src/platform/folders/data-folder.ts";

try {
  lockDataFolder(process.argv[2] ?? "");
  process.stdout.write("held\n");
} catch (error) {
  process.stdout.write(`${error instanceof Error ? `${error.name}: ${error.message}` : "unknown"}\n`);
}
setInterval(() => undefined, 60_000);
