import { readConfig } from "@tillkeeper/server/config/config";
import { withDatabase } from "../database.ts";

/** Brings the database to this version's schema. */
export async function migrate(): Promise<void> {
  await withDatabase(readConfig(process.env), async () => undefined);
  console.log("The database has this version's schema.");
}
