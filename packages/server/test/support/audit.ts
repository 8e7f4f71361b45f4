import { type ChainReport, verifyChains } from "../../src/access/audit/verify.ts";
import type { Db } from "../../src/db/db.ts";

/** Returns the reports of `tillkeeper audit verify`, for all accounts or for one. */
export async function reportsOn(db: Db, accountId?: string): Promise<ChainReport[]> {
  const reports: ChainReport[] = [];
  for await (const report of verifyChains(db, accountId)) reports.push(report);
  return reports;
}

/** Changes the audit log as an owner of the database can: with its triggers disabled. */
export async function behindTheTriggers(db: Db, ...statements: string[]): Promise<void> {
  const client = await db.pool.connect();
  const triggers = (verb: string) =>
    client.query(`alter table audit_log ${verb} trigger user; alter table audit_heads ${verb} trigger user`);
  try {
    await triggers("disable");
    for (const statement of statements) await client.query(statement);
  } finally {
    await triggers("enable");
    client.release();
  }
}
