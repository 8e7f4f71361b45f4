import type { Config } from "@tillkeeper/server/config";
import type { Db } from "@tillkeeper/server/db/db";
import { openDatabase } from "@tillkeeper/server/db/open";
import { lockDataFolder } from "@tillkeeper/server/platform/data-folder";
import { createLogger } from "@tillkeeper/server/platform/log";
import { watchInterruption } from "./interruption.ts";

/**
 * Runs `work` on the database of the configuration, brought to this version's schema first. The embedded one must not be
 * in use by a running server; an outside one may be.
 */
export async function withDatabase<T>(config: Config, work: (db: Db) => Promise<T>): Promise<T> {
  // Cut short, it would leave the embedded database running: Ctrl-C waits for the end, a second one does not.
  watchInterruption();
  const folder = config.databaseUrl === undefined ? lockDataFolder(config.dataDir) : undefined;
  try {
    const db = await openDatabase({
      url: config.databaseUrl,
      dataDir: config.dataDir,
      log: createLogger(config.logLevel),
    });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  } finally {
    folder?.release();
  }
}
