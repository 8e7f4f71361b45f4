import { settings } from "@tillkeeper/server/config";
import { Command } from "commander";
import { columns } from "../columns.ts";

/** `tillkeeper settings`: what the environment may hold. */
export function settingsCommand(): Command {
  return new Command("settings")
    .description("list the settings that are read from the environment")
    .action(() => console.log(columns(Object.entries(settings)).join("\n")));
}
