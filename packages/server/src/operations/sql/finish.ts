import type { OperationError, OperationName, OperationReason } from "@tillkeeper/contract/operations";
import { terminalMoves } from "@tillkeeper/contract/terminal-status";
import type { Pool } from "pg";

/** What a terminal answered. */
export interface Finish {
  accountId: string;
  id: string;
  terminalId: string;
  operation: OperationName;
  status: "COMPLETED" | "FAILED";
  result: unknown;
  reason: OperationReason | null;
  error: OperationError | null;
  at: Date;
}

const activating = Object.entries(terminalMoves.update_checked)
  .map(([from, to]) => `('${from}', '${to.status}')`)
  .join(", ");

/**
 * Ends a batch of operations with their results, removes their commands from the outbox, and moves terminals that
 * completed a check_update (D11), all in one commit. An operation that is not PENDING, belongs to another terminal, is of
 * another kind, or is past its deadline is left as it is.
 */
const text = `
with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[]
  ) as row (account_id, id, terminal_id, operation, status, result, reason, error, at)
), ended as (
  update operations set
    status = input.status, result = input.result::jsonb, reason = input.reason, error = input.error::jsonb,
    updated_at = input.at, updated_by = input.terminal_id
  from input
  where operations.account_id = input.account_id and operations.id = input.id
    and operations.terminal_id = input.terminal_id and operations.operation = input.operation
    and operations.status = 'PENDING' and operations.deadline > input.at
  returning operations.account_id, operations.id, operations.terminal_id, operations.operation, operations.status,
    operations.updated_at
), unqueued as (
  delete from outbox using ended where outbox.account_id = ended.account_id and outbox.operation_id = ended.id
), moved as (
  update terminals set status = move.next, status_reason = null, updated_at = ended.updated_at
  from ended, (values ${activating}) as move (current, next)
  where ended.operation = 'check_update' and ended.status = 'COMPLETED'
    and terminals.account_id = ended.account_id and terminals.terminal_id = ended.terminal_id
    and terminals.status = move.current
)
select id from ended`;

/** Answers, for each result in order, whether it ended its operation. */
export async function finishOperations(pool: Pool, batch: Finish[]): Promise<boolean[]> {
  const rows = batch.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  const ended = await pool.query<{ id: string }>({
    name: "finish_operations",
    text,
    values: [
      rows.map((row) => row.accountId),
      rows.map((row) => row.id),
      rows.map((row) => row.terminalId),
      rows.map((row) => row.operation),
      rows.map((row) => row.status),
      rows.map((row) => json(row.result)),
      rows.map((row) => row.reason),
      rows.map((row) => json(row.error)),
      rows.map((row) => row.at),
    ],
  });
  const ids = new Set(ended.rows.map((row) => row.id));
  return batch.map((row) => ids.has(row.id));
}
