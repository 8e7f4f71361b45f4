/** Locks the given data folder as a server does: prints "held" or the error, and waits. */
import { lockDataFolder } from "../../src/platform/folders/data-folder.ts";

try {
  lockDataFolder(process.argv[2] ?? "");
  process.stdout.write("held\n");
} catch (error) {
  process.stdout.write(`${error instanceof Error ? `${error.name}: ${error.message}` : "unknown"}\n`);
}
setInterval(() => undefined, 60_000);
