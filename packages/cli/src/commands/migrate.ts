import { type Config, readConfig } from "@tillkeeper/server/config";
import { openDatabase } from "@tillkeeper/server/db/open";
import { lockDataFolder } from "@tillkeeper/server/platform/data-folder";
import { createLogger } from "@tillkeeper/server/platform/log";
import { Command } from "commander";
import { watchInterruption } from "../interruption.ts";

/** `tillkeeper migrate`: brings the database to this version's schema, for deployments that do so before they serve. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("bring the database to this version's schema, and end")
    .action(() => migrate(readConfig(process.env)));
}

async function migrate(config: Config): Promise<void> {
  // Cut short, it would leave the embedded database running: Ctrl-C waits for the end, a second one does not.
  watchInterruption();
  // The embedded database lies in the data folder; an outside one is nobody's alone, and servers on it may be running.
  const folder = config.databaseUrl === undefined ? lockDataFolder(config.dataDir) : undefined;
  try {
    const log = createLogger(config.logLevel);
    const db = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir, log });
    await db.close();
  } finally {
    folder?.release();
  }
  console.log("The database has this version's schema.");
}
