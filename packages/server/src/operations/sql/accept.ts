import type { OperationName } from "@tillkeeper/contract/operations";
import { operationsAllowed } from "@tillkeeper/contract/terminal-status";
import type { Pool } from "pg";

/** An operation as it is about to be accepted. */
export interface NewOperation {
  accountId: string;
  id: string;
  terminalId: string;
  operation: OperationName;
  parameters: object;
  deadline: Date;
  createdAt: Date;
  /** Also `created_by`. */
  clientId: string;
  idempotencyKey: string | null;
  requestSha256: Buffer;
  /** When the outbox may send the command again, should the first sending get lost with this process. */
  outboxDueAt: Date;
}

const allowedPairs = Object.entries(operationsAllowed)
  .flatMap(([status, operations]) => operations.map((operation) => `('${status}', '${operation}')`))
  .join(", ");

/**
 * Accepts a batch of operations: one statement, one commit. A row is left out (and nothing of it is kept) when its
 * terminal is unknown, in a status that does not allow it, or busy, or when its idempotency key is taken; the two
 * unique indexes decide that, whoever else is inserting. Rows go in by terminal id, because batches that meet the same
 * terminals in different orders would deadlock.
 */
const text = `
with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
    $8::text[], $9::uuid[], $10::bytea[], $11::timestamptz[]
  ) as row (
    account_id, id, terminal_id, operation, parameters, deadline, created_at,
    client_id, idempotency_key, request_sha256, outbox_due_at
  )
), accepted as (
  insert into operations (
    account_id, id, terminal_id, operation, status, parameters, deadline,
    created_at, created_by, updated_at, updated_by, client_id, idempotency_key, request_sha256
  )
  select
    input.account_id, input.id, input.terminal_id, input.operation, 'PENDING', input.parameters::jsonb, input.deadline,
    input.created_at, input.client_id, input.created_at, input.client_id,
    input.client_id, input.idempotency_key, input.request_sha256
  from input
  join terminals on terminals.account_id = input.account_id and terminals.terminal_id = input.terminal_id
  where (terminals.status, input.operation) in (${allowedPairs})
  order by input.account_id, input.terminal_id
  on conflict do nothing
  returning account_id, id
), queued as (
  insert into outbox (account_id, operation_id, terminal_id, due_at)
  select input.account_id, input.id, input.terminal_id, input.outbox_due_at
  from input join accepted using (account_id, id)
)
select id from accepted`;

/** Answers, for each operation in order, whether it was accepted. */
export async function acceptOperations(pool: Pool, batch: NewOperation[]): Promise<boolean[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: "accept_operations",
    text,
    values: [
      batch.map((row) => row.accountId),
      batch.map((row) => row.id),
      batch.map((row) => row.terminalId),
      batch.map((row) => row.operation),
      batch.map((row) => JSON.stringify(row.parameters)),
      batch.map((row) => row.deadline),
      batch.map((row) => row.createdAt),
      batch.map((row) => row.clientId),
      batch.map((row) => row.idempotencyKey),
      batch.map((row) => row.requestSha256),
      batch.map((row) => row.outboxDueAt),
    ],
  });
  const accepted = new Set(rows.map((row) => row.id));
  return batch.map((row) => accepted.has(row.id));
}
