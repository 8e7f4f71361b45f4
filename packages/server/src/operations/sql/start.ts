import type { Pool } from "pg";

export interface Start {
  accountId: string;
  id: string;
  terminalId: string;
  at: Date;
}

/**
 * Notes that terminals have begun, and stops sending their commands: from here on their `hello` tells. The rows are
 * locked by primary key and in its order, here as in the statement that finishes operations: otherwise the two, meeting
 * over the same operations, would deadlock.
 */
const text = `
with input as (
  select * from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[]) as row (account_id, id, terminal_id, at)
), locked as (
  select operations.account_id, operations.id from operations join input using (account_id, id)
  order by operations.account_id, operations.id
  for no key update of operations
), begun as (
  update operations set started_at = input.at
  from input join locked using (account_id, id)
  where operations.account_id = input.account_id and operations.id = input.id
    -- As in the statement that finishes: the way in is the primary key.
    and operations.terminal_id || '' = input.terminal_id
    and operations.status || '' = 'PENDING' and operations.started_at is null
  returning operations.account_id, operations.id
)
delete from outbox using begun where outbox.account_id = begun.account_id and outbox.operation_id = begun.id`;

export async function startOperations(pool: Pool, rows: Start[]): Promise<void> {
  await pool.query({
    name: "start_operations",
    text,
    values: [
      rows.map((row) => row.accountId),
      rows.map((row) => row.id),
      rows.map((row) => row.terminalId),
      rows.map((row) => row.at),
    ],
  });
}
