import { type Config, readConfig } from "@tillkeeper/server/config/config";
import { openDb } from "@tillkeeper/server/db/db";
import { type MigrationPlan, type PlannedMigration, planMigrations } from "@tillkeeper/server/db/migrating/plan";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { withDatabase, withLocation } from "../database.ts";

/** Brings the database to this version's schema, whatever TILLKEEPER_MIGRATE says. */
export async function migrate(): Promise<void> {
  const alone = "stop it first, or leave it at that, since each server brings its database up to date when it starts";
  const config: Config = { ...readConfig(process.env), migrates: true };
  await withDatabase(config, async () => undefined, { alone });
  console.log("The database has this version's schema.");
}

/** Says what `migrate` would do, and how long it may lock. Changes nothing. */
export async function planAction(): Promise<void> {
  const config = readConfig(process.env);
  const plan = await withLocation(
    config,
    async (location) => {
      const db = openDb(location, createLogger(config.logLevel));
      try {
        return await planMigrations(db);
      } finally {
        await db.close();
      }
    },
    { beside: true },
  );
  console.log(textOf(plan));
}

function textOf({ migrations, lockWaitMs, holders }: MigrationPlan): string {
  if (migrations.length === 0) return "Nothing to do: the database has this version's schema, or a later one.";
  return [
    `${migrations.length} to run, each in a transaction of its own:`,
    ...migrations.map(lineOf),
    "",
    `A try waits up to ${lockWaitMs} ms for its locks, and running servers wait behind it; then it lets go and tries again. What it has locked stays locked while it runs: an instant, but for the rows that it writes or indexes.`,
    holders ? `Transactions that would keep it waiting now: ${holders}.` : "No transaction would keep it waiting now.",
    needsOf(migrations),
  ].join("\n");
}

function lineOf({ name, locks, writes }: PlannedMigration): string {
  const locked = locks.map(({ table, mode, rows }) => `${table} (${mode}, about ${rows} rows)`);
  const written = writes.map(({ table, rows }) => `${table} (about ${rows} rows)`);
  return [
    `  ${name}`,
    locked.length > 0 ? `locks ${locked.join(", ")}` : "locks nothing that is in use",
    ...(written.length > 0 ? [`writes ${written.join(", ")}`] : []),
  ].join("; ");
}

function needsOf(migrations: PlannedMigration[]): string {
  const outdating = migrations.findLast(({ needs }) => needs !== undefined);
  if (!outdating) return "Servers of the version before run on, and can start, on the new schema.";
  return `After ${outdating.name} only versions run that have the migration ${outdating.needs}.`;
}
