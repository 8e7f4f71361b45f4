import type { Pool } from "pg";

export interface Start {
  accountId: string;
  id: string;
  terminalId: string;
  at: Date;
}

/** Notes that terminals have begun, and stops sending their commands: from here on their `hello` tells. */
const text = `
with input as (
  select * from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[]) as row (account_id, id, terminal_id, at)
), begun as (
  update operations set started_at = input.at
  from input
  where operations.account_id = input.account_id and operations.id = input.id
    and operations.terminal_id = input.terminal_id
    and operations.status = 'PENDING' and operations.started_at is null
  returning operations.account_id, operations.id
)
delete from outbox using begun where outbox.account_id = begun.account_id and outbox.operation_id = begun.id`;

export async function startOperations(pool: Pool, batch: Start[]): Promise<void[]> {
  const rows = batch.toSorted((a, b) => (a.id < b.id ? -1 : 1));
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
  return batch.map(() => undefined);
}
