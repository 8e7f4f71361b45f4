import { Command } from "commander";

/** `tillkeeper migrate`: for deployments that migrate the database before they start servers of this version. */
export function migrateCommand(): Command {
  return new Command("migrate").action(async () => (await import("../commands/migrate.ts")).migrate());
}
