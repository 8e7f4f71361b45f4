import type { Config } from "@tillkeeper/server/config/config";
import type { Db } from "@tillkeeper/server/db/db";
import { openDatabase } from "@tillkeeper/server/db/open";
import { ApiError } from "@tillkeeper/server/platform/errors";
import { lockDataFolder } from "@tillkeeper/server/platform/folders/data-folder";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { watchInterruption } from "./interruption.ts";

/**
 * Works on the database that the configuration names, without a server: the embedded one is started for it, and nobody
 * else may hold its folder meanwhile. `instead` says, as the end of a sentence, what to do while a server holds it.
 */
export async function withDatabase<T>(
  config: Config,
  work: (db: Db) => Promise<T>,
  { instead }: { instead?: string } = {},
): Promise<T> {
  // Cut short, it would leave the embedded database running: Ctrl-C waits for the end, a second one does not.
  watchInterruption();
  // An outside database is nobody's alone, and servers on it may be running.
  const folder = config.databaseUrl === undefined ? takeFolder(config, instead) : undefined;
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
  } catch (error) {
    // A rule refused it; its text is meant for whoever asked.
    throw error instanceof ApiError && error.status < 500 ? new StartupError(error.message, { cause: error }) : error;
  } finally {
    folder?.release();
  }
}

function takeFolder({ dataDir }: Config, instead: string | undefined): ReturnType<typeof lockDataFolder> {
  try {
    return lockDataFolder(dataDir);
  } catch (error) {
    const held = error instanceof StartupError && error.message.includes("is in use by another server");
    if (!held || instead === undefined) throw error;
    throw new StartupError(`A server is running on the data folder ${dataDir} and holds its database: ${instead}.`, {
      cause: error,
    });
  }
}
