import { Command } from "commander";

/** `tillkeeper migrate`: for deployments that bring the database to this version before they serve. */
export function migrateCommand(): Command {
  return new Command("migrate").action(async () => (await import("../commands/migrate.ts")).migrate());
}
