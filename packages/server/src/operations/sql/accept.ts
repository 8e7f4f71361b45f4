import type { OperationName, WhenBusy } from "@tillkeeper/contract/operations";
import { operationsAllowed } from "@tillkeeper/contract/terminal-status";
import type { Pool } from "pg";
import { isRepeatable, noDevice } from "./release.ts";

/** An operation as it is about to be accepted. */
export interface NewOperation {
  accountId: string;
  id: string;
  terminalId: string;
  operation: OperationName;
  parameters: object;
  whenBusy: WhenBusy | null;
  deadline: Date;
  createdAt: Date;
  /** Also `created_by`. */
  clientId: string;
  idempotencyKey: string | null;
  /** Only with a key. */
  requestSha256: Buffer | null;
  /** When the outbox has to look at it, should the first sending get lost with this process. */
  dueAt: Date;
  /** Whether this process sends it itself, right after the commit: it then counts as sent. */
  announced: boolean;
}

const allowedPairs = Object.entries(operationsAllowed)
  .flatMap(([status, operations]) => operations.map((operation) => `('${status}', '${operation}')`))
  .join(", ");

/**
 * Accepts a batch of operations: one statement, one commit. A row is left out (and nothing of it is kept) when its
 * terminal is unknown, in a status that does not allow it, or busy, or when its idempotency key is taken; the two
 * unique indexes of the claims decide that, whoever else is inserting. Rows go in by terminal id, because batches that
 * meet the same terminals in different orders would deadlock.
 */
export const acceptText = `
with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
    $9::text[], $10::uuid[], $11::bytea[], $12::timestamptz[], $13::boolean[]
  ) as row (
    account_id, id, terminal_id, operation, parameters, when_busy, deadline, created_at,
    client_id, idempotency_key, request_sha256, due_at, announced
  )
), claimed as (
  insert into operation_claims (
    account_id, operation_id, terminal_id, client_id, idempotency_key, request_sha256, operation, device_model,
    created_at, deadline, due_at, address, attempts
  )
  select
    input.account_id, input.id, input.terminal_id, input.client_id, input.idempotency_key, input.request_sha256,
    input.operation, case when terminals.simulated then 'simulated' else terminals.device_model end, input.created_at, input.deadline, input.due_at,
    case when not ${isRepeatable("input")} then coalesce(credential.address, ${noDevice("input")}) end,
    (input.announced and credential.address is not null)::int
  from input
  join terminals on terminals.account_id = input.account_id and terminals.terminal_id = input.terminal_id
  left join terminal_credentials as credential
    on credential.account_id = input.account_id and credential.terminal_id = input.terminal_id
  where (terminals.status, input.operation) in (${allowedPairs})
  order by input.account_id, input.terminal_id
  on conflict do nothing
  returning account_id, operation_id, terminal_id, attempts
), stored as (
  insert into operations (
    account_id, id, terminal_id, operation, status, parameters, when_busy, deadline, created_at, created_by, updated_at,
    updated_by
  )
  select
    input.account_id, input.id, input.terminal_id, input.operation, 'PENDING', input.parameters::jsonb, input.when_busy,
    input.deadline, input.created_at, input.client_id, input.created_at, input.client_id
  from input join claimed on claimed.operation_id = input.id
)
select claimed.operation_id, credential.address
from claimed left join terminal_credentials as credential
  on claimed.attempts > 0 and credential.account_id = claimed.account_id and credential.terminal_id = claimed.terminal_id`;

/** An operation that was accepted. */
export interface Acceptance {
  /** Where this process is to send it; null where it is not to. */
  address: string | null;
}

/** Answers for each operation, in order, whether it was accepted. */
export async function acceptOperations(pool: Pool, batch: NewOperation[]): Promise<(Acceptance | undefined)[]> {
  const { rows } = await pool.query<{ operation_id: string; address: string | null }>({
    name: "accept_operations",
    text: acceptText,
    values: [
      batch.map((row) => row.accountId),
      batch.map((row) => row.id),
      batch.map((row) => row.terminalId),
      batch.map((row) => row.operation),
      batch.map((row) => JSON.stringify(row.parameters)),
      batch.map((row) => row.whenBusy),
      batch.map((row) => row.deadline),
      batch.map((row) => row.createdAt),
      batch.map((row) => row.clientId),
      batch.map((row) => row.idempotencyKey),
      batch.map((row) => row.requestSha256),
      batch.map((row) => row.dueAt),
      batch.map((row) => row.announced),
    ],
  });
  const accepted = new Map(rows.map((row) => [row.operation_id, { address: row.address }]));
  return batch.map((row) => accepted.get(row.id));
}
