import { Command } from "commander";

/** `tillkeeper settings` */
export function settingsCommand(): Command {
  return new Command("settings").action(async () => (await import("../commands/settings.ts")).printSettings());
}
