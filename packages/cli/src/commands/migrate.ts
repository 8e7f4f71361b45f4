import { readConfig } from "@tillkeeper/server/config/config";
import { withDatabase } from "../database.ts";

/** Brings the database to this version's schema. */
export async function migrate(): Promise<void> {
  const alone = "stop it first, or leave it at that, since each server brings its database up to date when it starts";
  await withDatabase(readConfig(process.env), async () => undefined, { alone });
  console.log("The database has this version's schema.");
}
