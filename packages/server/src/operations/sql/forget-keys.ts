import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";

/** Forgets the key that a claim holds, unless its operation is live. */
export async function forgetKey(
  db: Kysely<Tables>,
  { account_id, operation_id }: { account_id: string; operation_id: string },
): Promise<void> {
  await db
    .deleteFrom("operation_claims")
    .where("account_id", "=", account_id)
    .where("operation_id", "=", operation_id)
    .where("terminal_id", "is", null)
    .execute();
}

/** Forgets idempotency keys of operations created before `before`, except of live ones; answers how many, at most `limit`. */
export async function forgetKeys(db: Kysely<Tables>, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    with old as (
      select account_id, operation_id from operation_claims
      where terminal_id is null and created_at < ${before}
      order by created_at
      limit ${limit}
      for update skip locked
    )
    delete from operation_claims as claim using old
    where claim.account_id = old.account_id and claim.operation_id = old.operation_id`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
