import { readdirSync } from "node:fs";

/*
 * The program that fills the compile cache (`compileInto`): it loads the server and all commands, which the command line loads as they are
 * used. With the cache of one command alone, a server took twice the time to start.
 */
const commands = new URL("../../../cli/src/commands/", import.meta.url);

await import("@tillkeeper/server/main");
for (const file of readdirSync(commands)) {
  if (file.endsWith(".ts") && !file.endsWith(".test.ts")) await import(new URL(file, commands).href);
}
process.exit();
