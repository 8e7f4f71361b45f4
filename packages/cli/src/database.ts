import type { Config } from "@tillkeeper/server/config/config";
import type { Db } from "@tillkeeper/server/db/db";
import { openDatabase } from "@tillkeeper/server/db/open";
import { ApiError } from "@tillkeeper/server/platform/errors";
import { lockDataFolder } from "@tillkeeper/server/platform/folders/data-folder";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { watchInterruption } from "./interruption.ts";

/**
 * Runs `work` on the configured database, without a server. The embedded database is started for it, and its data folder
 * locked. `instead` is the end of a sentence: what to do while a server holds the folder. Throws `StartupError` when the
 * folder is held, and for a refusal by the rules of the server.
 */
export async function withDatabase<T>(
  config: Config,
  work: (db: Db) => Promise<T>,
  { instead }: { instead?: string } = {},
): Promise<T> {
  // An end at once would leave the embedded database running. So the first Ctrl-C waits for `work`, the second does not.
  watchInterruption();
  // An outside database has no folder to lock, and servers on it may be running.
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
    // A rule of the server refused it: the text is meant for the caller, as it is.
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
