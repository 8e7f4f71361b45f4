import type { Db } from "@tillkeeper/server/db/db";
import { clearOperations } from "../parts/subject.ts";

/** Empties the tables of closings and operations, so that the day is open again at all stores. */
export async function clearClosings(db: Db): Promise<void> {
  // Like operations: deleted rows would stay in the indexes of one side of a comparison.
  await db.pool.query("truncate closings, closing_terminals, closing_attempts, closing_requests");
  await clearOperations(db);
}
