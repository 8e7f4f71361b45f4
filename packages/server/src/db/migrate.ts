import { readdir, readFile } from "node:fs/promises";
import { sql } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import { StartupError } from "../platform/startup-error.ts";
import type { Db } from "./db.ts";
import { retried } from "./retry.ts";

const folder = new URL("./migrations/", import.meta.url);

/** Numbered SQL files. Each runs once, in one transaction with its record. Several servers may start together. */
const sqlFiles: MigrationProvider = {
  async getMigrations() {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
    const migrations: Record<string, Migration> = {};
    for (const name of names) {
      const text = await readFile(new URL(name, folder), "utf8");
      migrations[name] = {
        up: async (db) => {
          await sql.raw(text).execute(db);
        },
      };
    }
    return migrations;
  },
};

/**
 * Brings the database to this version's schema, or to the schema of the file `to`. Returns the names of the files it
 * ran. Throws `StartupError`.
 */
export async function migrate(db: Db, to?: string): Promise<string[]> {
  const migrator = new Migrator({ db: db.sql, provider: sqlFiles });
  try {
    // All files run in one transaction, which may deadlock with requests of running servers.
    return await retried(async () => {
      const { error, results } = await (to === undefined ? migrator.migrateToLatest() : migrator.migrateTo(to));
      if (error) throw error;
      return (results ?? []).map((result) => result.migrationName);
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown fault";
    throw new StartupError(`The database could not be brought to this version's schema: ${reason}`, { cause: error });
  }
}

/** How the database's schema compares with this version's. A database that nobody has migrated yet is older. */
export async function compareSchema({ sql: db }: Pick<Db, "sql">): Promise<"same" | "older" | "newer"> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const names = Object.keys(await sqlFiles.getMigrations());
  if (rows.some(({ name }) => !names.includes(name))) return "newer";
  return rows.length < names.length ? "older" : "same";
}
