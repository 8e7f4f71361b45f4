import { sql } from "kysely";
import type { Db } from "./db.ts";

/**
 * Resolves when the database answers and can be written. A standby refuses the statement, which locks no row: a server
 * that reaches a standby alone can answer nearly nothing.
 */
export async function pingDatabase(db: Pick<Db, "sql">): Promise<void> {
  await sql`select from business_clock limit 0 for key share`.execute(db.sql);
}
