import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "@tillkeeper/server/config/config";
import type { DatabaseLocation, Db } from "@tillkeeper/server/db/db";
import { startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import { connectionToRunning } from "@tillkeeper/server/db/embedded/running";
import { isUnavailable } from "@tillkeeper/server/db/failures";
import { openDatabase, openRunningDatabase } from "@tillkeeper/server/db/open";
import { ApiError } from "@tillkeeper/server/platform/errors";
import { lockDataFolder } from "@tillkeeper/server/platform/folders/data-folder";
import { FolderInUse } from "@tillkeeper/server/platform/folders/folder-lock";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { watchInterruption } from "./interruption.ts";

/** A server that is starting has its database ready within this time. */
const startingMs = 30_000;
const lookEveryMs = 100;

/**
 * Runs `work` on the configured database. An outside one is used beside its servers. The embedded one is started for it,
 * and its data folder locked; while a server holds the folder, `work` runs on that server's database, beside it. `alone` is
 * for work that must not, and is the end of a sentence: what to do while a server holds the folder.
 *
 * Throws `StartupError` for a refusal by the rules of the server, and when the database is not to be had.
 */
export async function withDatabase<T>(
  config: Config,
  work: (db: Db) => Promise<T>,
  { alone }: { alone?: string } = {},
): Promise<T> {
  // An end at once would leave the embedded database running. So the first Ctrl-C waits for `work`, the second does not.
  const interruption = watchInterruption();
  const { db, beside, close } = await openFor(config, alone, interruption);
  try {
    return await work(db);
  } catch (error) {
    // A rule of the server refused it: the text is meant for the caller, as it is.
    if (error instanceof ApiError && error.status < 500) throw new StartupError(error.message, { cause: error });
    if (beside && isUnavailable(error)) {
      const unknown = "The server ended meanwhile, so whether this was done is not known: look before you do it again.";
      throw new StartupError(unknown, { cause: error });
    }
    throw error;
  } finally {
    await close();
  }
}

interface Opened {
  db: Db;
  /** Whether a running server has it, too, and can end it. */
  beside: boolean;
  close: () => Promise<void>;
}

async function openFor(config: Config, alone: string | undefined, interruption: AbortSignal): Promise<Opened> {
  // An outside database has no folder to lock, and servers on it may be running.
  if (config.databaseUrl !== undefined) return openOwn(config, () => undefined);
  const { dataDir } = config;
  const log = createLogger(config.logLevel);
  const giveUpAt = performance.now() + startingMs;
  for (;;) {
    try {
      const folder = lockDataFolder(dataDir);
      return await openOwn(config, () => folder.release());
    } catch (error) {
      if (!(error instanceof FolderInUse)) throw error;
      if (alone !== undefined) {
        const held = `A server is running on the data folder ${dataDir} and holds its database: ${alone}.`;
        throw new StartupError(held, { cause: error });
      }
    }
    const db = await openRunningDatabase({ dataDir, log });
    if (db) return { db, beside: true, close: () => db.close() };
    if (interruption.aborted || performance.now() > giveUpAt) throw new StartupError(nothingReady(dataDir));
    await sleep(lookEveryMs);
  }
}

const nothingReady = (dataDir: string) =>
  `The program that runs on the data folder ${dataDir} has no database ready there for this version: use the settings and the version of that program, or stop it first.`;

async function openOwn(
  { databaseUrl: url, dataDir, logLevel, migrates }: Config,
  release: () => void,
): Promise<Opened> {
  try {
    const db = await openDatabase({ url, dataDir, log: createLogger(logLevel), migrates });
    return { db, beside: false, close: () => db.close().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Runs `work` on the database without migrating it, with any version of its schema. `beside`: also while a server holds the
 * data folder. Otherwise the folder is locked for this process.
 */
export async function withLocation<T>(
  config: Config,
  work: (location: DatabaseLocation) => Promise<T>,
  { beside = false } = {},
): Promise<T> {
  if (config.databaseUrl !== undefined) return work({ connectionString: config.databaseUrl });
  watchInterruption();
  const cluster = join(config.dataDir, "postgres");
  const folder = takeFolder(config.dataDir, beside);
  if (folder === undefined) {
    const running = connectionToRunning(cluster);
    if (running) return work(running);
    throw new StartupError(`The database in ${cluster} is starting or stopping: try again.`);
  }
  try {
    const postgres = await startEmbeddedPostgres({ folder: cluster, log: createLogger(config.logLevel) });
    try {
      return await work(postgres.connection);
    } finally {
      await postgres.stop();
    }
  } finally {
    folder.release();
  }
}

/** Locks the data folder; undefined when a server holds it and `beside` allows that. Throws `StartupError` otherwise. */
function takeFolder(dataDir: string, beside: boolean): ReturnType<typeof lockDataFolder> | undefined {
  try {
    return lockDataFolder(dataDir);
  } catch (error) {
    if (beside && error instanceof FolderInUse) return undefined;
    throw error;
  }
}
