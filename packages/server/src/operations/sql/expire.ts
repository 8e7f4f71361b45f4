import { limits } from "@tillkeeper/contract/limits";
import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import type { OperationName } from "@tillkeeper/contract/operations";
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
  carry: ["deadline", "traceparent"],
})}
select account_id as "accountId", id as "operationId", terminal_id as "terminalId", operation, reason, deadline, traceparent
from ended`;

const passed = expire("deadline <= $1");
/** The offset of business time, read from its row: another server may have moved it ahead already. */
const impossible = expire(`deadline > $3::timestamptz
    and deadline - ($3::timestamptz - $1::timestamptz) > clock_timestamp()
      + tillkeeper_business_ahead()`);

/** An operation that was ended as TIMEOUT. */
export interface Expired {
  accountId: string;
  operationId: string;
  terminalId: string;
  operation: OperationName;
  reason: OperationReason;
  deadline: Date;
  traceparent: string | null;
}

/** Answers the operations that it ended, at most `limit`. */
export async function expireOperations(pool: Pool, now: Date, limit: number): Promise<Expired[]> {
  const query = { name: "expire_operations", text: passed, values: [now, limit] };
  return (await pool.query<Expired>(query)).rows;
}

/**
 * Ends operations whose deadline is farther away than any window: it was set by a clock that was ahead and has been put
 * right since. Without an end of its own the operation would block its terminal for as long as the clock was wrong.
 */
export async function expireImpossible(pool: Pool, now: Date, limit: number): Promise<Expired[]> {
  const toleratedSkewSeconds = 60;
  const farthest = new Date(now.getTime() + (limits.operationTimeoutSecondsMax + toleratedSkewSeconds) * 1000);
  const query = { name: "expire_impossible", text: impossible, values: [now, limit, farthest] };
  return (await pool.query<Expired>(query)).rows;
}
