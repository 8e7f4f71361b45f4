import { limits } from "@tillkeeper/contract/limits";
import type { Pool } from "pg";

/**
 * Turns operations past their deadline into TIMEOUT, oldest deadline first, and removes their commands from the outbox.
 * Rows that another server or a result is just working on are skipped. `no_answer` is the one reason that is always
 * true here; finer ones need what the phases of an operation will tell.
 */
const text = `
with due as (
  select account_id, id from operations
  where status = 'PENDING' and (deadline <= $1 or deadline > $3)
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

/**
 * No window is longer than this. A deadline farther away was set by a clock that was ahead and has been put right since;
 * without an end of its own the operation would block its terminal for as long as the clock was wrong.
 */
function farthestDeadline(now: Date): Date {
  const toleratedSkewSeconds = 60;
  return new Date(now.getTime() + (limits.operationTimeoutSecondsMax + toleratedSkewSeconds) * 1000);
}

/** Answers how many operations it ended, at most `limit`. */
export async function expireOperations(pool: Pool, now: Date, limit: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: "expire_operations",
    text,
    values: [now, limit, farthestDeadline(now)],
  });
  return rowCount ?? 0;
}
