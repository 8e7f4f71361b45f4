import { Command } from "commander";

/** `tillkeeper migrate`: for deployments that migrate the database before they start servers of this version. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .option("--plan", "say what it would do and how long it may lock, and change nothing")
    .action(async ({ plan }: { plan?: boolean }) => {
      const commands = await import("../commands/migrate.ts");
      await (plan ? commands.planAction() : commands.migrate());
    });
}
