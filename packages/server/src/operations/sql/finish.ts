import type { OperationError, OperationName, OperationReason } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import { movesOf } from "../../terminals/life-cycle.ts";

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
  /** When the terminal began, if it said so just before; null keeps what is known. */
  startedAt: Date | null;
  at: Date;
}

/**
 * Ends a batch of operations with their results, removes their commands from the outbox, and moves terminals that
 * completed a check_update (D11), all in one commit. An operation that is not PENDING, belongs to another terminal, is of
 * another kind, or is past its deadline is left as it is. Rows are locked by
 * primary key and in its order: batches of several servers that meet over the same operations would deadlock otherwise.
 */
const text = `
with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[]
  ) as row (account_id, id, terminal_id, operation, status, result, reason, error, started_at, at)
), locked as (
  select operations.account_id, operations.id from operations join input using (account_id, id)
  order by operations.account_id, operations.id
  for no key update of operations
), ended as (
  update operations set
    status = input.status, result = input.result::jsonb, reason = input.reason, error = input.error::jsonb,
    started_at = coalesce(operations.started_at, input.started_at), updated_at = input.at, updated_by = input.terminal_id
  from input join locked using (account_id, id)
  where operations.account_id = input.account_id and operations.id = input.id
    -- Written so that no index serves these: the way in is the primary key. The partial ones hold the dead entries of
    -- all operations that were pending lately, and a plan made on empty tables would walk them.
    and operations.terminal_id || '' = input.terminal_id and operations.operation = input.operation
    and operations.status || '' = 'PENDING' and operations.deadline + interval '0' > input.at
  returning operations.account_id, operations.id, operations.terminal_id, operations.operation, operations.status,
    operations.updated_at
), unqueued as (
  delete from outbox using ended where outbox.account_id = ended.account_id and outbox.operation_id = ended.id
), moved as (
  update terminals set
    status = move.next, status_before_inactive = move.next_remembered, status_reason = move.next_reason,
    updated_at = ended.updated_at
  from ended, ${movesOf("update_checked")}
  where ended.operation = 'check_update' and ended.status = 'COMPLETED'
    and terminals.account_id = ended.account_id and terminals.terminal_id = ended.terminal_id
    and terminals.status = move.status and terminals.status_before_inactive is not distinct from move.remembered
)
select id, terminal_id from ended`;

/** Which result ended its operation: a terminal that names another one's operation must not be taken for it. */
export function endedKey({ id, terminalId }: Pick<Finish, "id" | "terminalId">): string {
  return `${terminalId} ${id}`;
}

/** At most one result per operation and terminal; answers the `endedKey` of those that ended their operation. */
export async function finishOperations(pool: Pool, batch: Finish[]): Promise<Set<string>> {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  const { rows } = await pool.query<{ id: string; terminal_id: string }>({
    name: "finish_operations",
    text,
    values: [
      batch.map((row) => row.accountId),
      batch.map((row) => row.id),
      batch.map((row) => row.terminalId),
      batch.map((row) => row.operation),
      batch.map((row) => row.status),
      batch.map((row) => json(row.result)),
      batch.map((row) => row.reason),
      batch.map((row) => json(row.error)),
      batch.map((row) => row.startedAt),
      batch.map((row) => row.at),
    ],
  });
  return new Set(rows.map((row) => endedKey({ id: row.id, terminalId: row.terminal_id })));
}
