import { readConfig } from "@tillkeeper/server/config";
import { Command } from "commander";
import { withDatabase } from "../database.ts";

/** `tillkeeper migrate`: brings the database to this version's schema, for deployments that do so before they serve. */
export function migrateCommand(): Command {
  return new Command("migrate").description("bring the database to this version's schema, and end").action(async () => {
    await withDatabase(readConfig(process.env), async () => undefined);
    console.log("The database has this version's schema.");
  });
}
