import { Command } from "commander";

/** `tillkeeper backup`: writes all rows of the database into one file, also while servers run. */
export function backupCommand(): Command {
  return new Command("backup")
    .requiredOption("--to <file>", "the file to make")
    .action(async (options: { to: string }) => (await import("../commands/backup.ts")).backupAction(options));
}

/** `tillkeeper restore`: reads a file of `backup` into an empty database. */
export function restoreCommand(): Command {
  return new Command("restore")
    .argument("<file>", "what `tillkeeper backup` has written")
    .action(async (file: string) => (await import("../commands/backup.ts")).restoreAction(file));
}
