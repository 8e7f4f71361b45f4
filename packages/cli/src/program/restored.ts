import { Command } from "commander";

/** `tillkeeper restored`: notes in the database that it went back to an earlier moment. */
export function restoredCommand(): Command {
  return new Command("restored").action(async () => (await import("../commands/restored.ts")).restored());
}
