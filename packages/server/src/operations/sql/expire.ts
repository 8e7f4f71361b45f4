import { limits } from "@tillkeeper/contract/limits";
import type { Pool } from "pg";
import { end } from "./end.ts";
import { timeoutReasonOf } from "./fragments.ts";

/**
 * Turns operations past their deadline into TIMEOUT, oldest deadline first, and frees their terminals. Skips rows that another
 * server or a result has locked.
 */
const expire = (due: string) => `
with due as (
  select * from operation_claims
  where ${due}
  order by deadline
  limit $2
  for update skip locked
), ${end({
  from: "due",
  status: "'TIMEOUT'",
  reason: timeoutReasonOf("due"),
  error: "due.invalid_result",
  at: "$1",
  by: "'system'",
})}
select operation_id from due`;

const passed = expire("deadline <= $1");
/** The offset of business time, read from its row: another server may have moved it ahead already. */
const impossible = expire(`deadline > $3::timestamptz
    and deadline - ($3::timestamptz - $1::timestamptz) > clock_timestamp()
      + tillkeeper_business_ahead()`);

/** Answers how many operations it ended, at most `limit`. */
export async function expireOperations(pool: Pool, now: Date, limit: number): Promise<number> {
  const { rowCount } = await pool.query({ name: "expire_operations", text: passed, values: [now, limit] });
  return rowCount ?? 0;
}

/**
 * Ends operations whose deadline is farther away than any window: it was set by a clock that was ahead and has been put
 * right since. Without an end of its own the operation would block its terminal for as long as the clock was wrong.
 */
export async function expireImpossible(pool: Pool, now: Date, limit: number): Promise<void> {
  const toleratedSkewSeconds = 60;
  const farthest = new Date(now.getTime() + (limits.operationTimeoutSecondsMax + toleratedSkewSeconds) * 1000);
  await pool.query({ name: "expire_impossible", text: impossible, values: [now, limit, farthest] });
}
