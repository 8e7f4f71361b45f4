import { StartupError } from "../platform/startup-error.ts";
import type { Db } from "./db.ts";
import { type MigrationFile, migrationFiles, ownFolder } from "./migrating/files.ts";
import { readRecords } from "./migrating/records.ts";
import { type RunOptions, runMigration, TablesHeld } from "./migrating/run.ts";

interface MigrateOptions extends Partial<RunOptions> {
  /** The migration to end with; left out, the last one. */
  to?: string | undefined;
  /** Where the migrations are; tests have others. */
  folder?: URL;
}

/** A dump may take hours. After this time the start fails; the earlier version goes on, and a supervisor starts this one again. */
const defaultPatienceMs = 600_000;

/**
 * Brings the database to this version's schema, or to the schema of the file `to`. Each migration is a transaction of
 * its own, and several servers may start together. Returns the names of the files it ran. Throws `StartupError`.
 */
export async function migrate(db: Pick<Db, "pool">, to?: string, options: MigrateOptions = {}): Promise<string[]> {
  const { folder = ownFolder, patienceMs = defaultPatienceMs, log } = options;
  const files = await migrationFiles(folder);
  if (to !== undefined && !files.some(({ name }) => name === to)) {
    throw new StartupError(`This version has no migration ${to}.`);
  }
  const ran: string[] = [];
  try {
    const done = await namesOfRecords(db);
    for (const file of files) {
      if (to !== undefined && file.name > to) break;
      if (done.has(file.name)) continue;
      if (await runMigration(db.pool, file, { patienceMs, ...(log && { log }) })) ran.push(file.name);
    }
    return ran;
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown fault";
    const hint =
      error instanceof TablesHeld ? ". Start this version again when they are over; the version before goes on" : "";
    throw new StartupError(`The database could not be brought to this version's schema: ${reason}${hint}.`, {
      cause: error,
    });
  }
}

async function namesOfRecords({ pool }: Pick<Db, "pool">): Promise<Set<string>> {
  return new Set((await readRecords(pool)).map(({ name }) => name));
}

/** The migrations of this version that have not run yet. */
export async function pendingMigrations(db: Pick<Db, "pool">): Promise<MigrationFile[]> {
  const done = await namesOfRecords(db);
  return (await migrationFiles(ownFolder)).filter(({ name }) => !done.has(name));
}

/**
 * How the database's schema compares with this version's. A database without migrations is older. `newer`: it
 * has migrations of a later version, beside which this version can run. Throws `StartupError` when it cannot.
 */
export async function compareSchema(db: Pick<Db, "pool">): Promise<"same" | "older" | "newer"> {
  const records = await readRecords(db.pool);
  const names = (await migrationFiles(ownFolder)).map(({ name }) => name);
  const outdating = records.find(({ needs }) => needs !== null && !names.includes(needs));
  if (outdating) {
    throw new StartupError(
      `A later version has brought the database to a schema that this version cannot use (${outdating.name}): start the later version, or restore a backup from before it.`,
    );
  }
  if (names.some((name) => !records.some((known) => known.name === name))) return "older";
  return records.length > names.length ? "newer" : "same";
}
