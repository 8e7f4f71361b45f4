import { Command } from "commander";

/** `tillkeeper restored`: what has to follow when a database went back to an earlier moment. */
export function restoredCommand(): Command {
  return new Command("restored").action(async () => (await import("../commands/restored.ts")).restored());
}
