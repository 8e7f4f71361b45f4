import type { Db } from "@tillkeeper/server/db/db";
import { clearOperations } from "./subject.ts";

/** Empties the tables of closings and operations, so that the day is open again at all stores. */
export async function clearClosings(db: Db): Promise<void> {
  await db.pool.query("delete from closings");
  await clearOperations(db);
}
