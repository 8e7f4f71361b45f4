import { join } from "node:path";
import { type Config, readConfig } from "@tillkeeper/server/config/config";
import { restoreBackup } from "@tillkeeper/server/db/backup/restore";
import { writeBackup } from "@tillkeeper/server/db/backup/write";
import type { DatabaseLocation } from "@tillkeeper/server/db/db";
import { startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import { connectionToRunning } from "@tillkeeper/server/db/embedded/running";
import { lockDataFolder } from "@tillkeeper/server/platform/folders/data-folder";
import { FolderInUse } from "@tillkeeper/server/platform/folders/folder-lock";
import { rootKeyFile } from "@tillkeeper/server/platform/folders/root-key";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { columns } from "../columns.ts";
import { watchInterruption } from "../interruption.ts";

/** Writes all rows of the database into one file, also while servers run. */
export async function backupAction({ to }: { to: string }): Promise<void> {
  const config = readConfig(process.env);
  const report = await withLocation(config, (location) => writeBackup(location, to), { beside: true });
  console.log(
    [
      `The backup is ${to}, of the schema ${report.schema}:`,
      ...rowsOf(report.rows),
      "",
      ...(report.keyFingerprint === null
        ? []
        : [
            `It needs the key ${report.keyFingerprint}, which is not in it: keep a copy of ${rootKeyFile(config)} in another place.`,
          ]),
      "Files of terminals are not in it either: copy them after it (docs/backup.md).",
    ].join("\n"),
  );
}

/** Reads a file of `backup` into an empty database. */
export async function restoreAction(file: string): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel);
  const rows = await withLocation(config, (location) => restoreBackup({ location, file, log, ...config }));
  const next =
    "Next, before servers start: tillkeeper restored. It raises what must not go back, and says what to expect.";
  console.log(["Restored, and counted:", ...rowsOf(rows), "", next].join("\n"));
}

function rowsOf(rows: Record<string, number>): string[] {
  const names = Object.keys(rows).toSorted();
  return columns(names.map((name) => [`  ${name}`, String(rows[name])]));
}

/**
 * Runs `work` on the database without migrating it, with any version of its schema. `beside`: also while a server holds the
 * data folder. Otherwise the folder is locked for this process.
 */
async function withLocation<T>(
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
