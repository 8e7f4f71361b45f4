import type { Pool } from "pg";

/**
 * Turns operations past their deadline into TIMEOUT, oldest deadline first, and removes their commands from the outbox.
 * Rows that another server or a result is just working on are skipped. `no_answer` is the one reason that is always
 * true here; finer ones need what the phases of an operation will tell.
 */
const text = `
with due as (
  select account_id, id from operations
  where status = 'PENDING' and deadline <= $1
  order by deadline
  limit $2
  for update skip locked
), ended as (
  update operations set status = 'TIMEOUT', reason = 'no_answer', updated_at = $1, updated_by = 'system'
  from due
  where operations.account_id = due.account_id and operations.id = due.id
  returning operations.account_id, operations.id
), unqueued as (
  delete from outbox using ended where outbox.account_id = ended.account_id and outbox.operation_id = ended.id
)
select id from ended`;

/** Answers how many operations it ended, at most `limit`. */
export async function expireOperations(pool: Pool, now: Date, limit: number): Promise<number> {
  const { rowCount } = await pool.query({ name: "expire_operations", text, values: [now, limit] });
  return rowCount ?? 0;
}
