import type { OperationError, OperationName, OperationReason } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import { movesOf } from "../../terminals/life-cycle.ts";
import { cancellationFrom, releaseEnded } from "./release.ts";

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
  /** Phases that were reported just before, at the server's time; null keeps what is known. */
  dispatchedAt: Date | null;
  deliveredAt: Date | null;
  startedAt: Date | null;
  at: Date;
}

/** An operation that a result ended. */
export interface Finished {
  id: string;
  terminalId: string;
  operation: OperationName;
  deviceModel: string | null;
  createdAt: Date;
}

/**
 * Ends a batch of operations with their results, gives their terminals back, and moves terminals that completed a
 * check_update (D11), all in one commit. An operation that is not PENDING, belongs to another terminal, is of another
 * kind, or is past its deadline is left as it is. Claims are locked by primary key and in its order: batches of several
 * servers that meet over the same operations would deadlock otherwise.
 */
const text = `
with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[]
  ) as row (
    account_id, id, terminal_id, operation, status, result, reason, error, dispatched_at, delivered_at, started_at, at
  )
), live as (
  select claim.account_id, claim.operation_id, claim.device_model, claim.dispatched_at, claim.delivered_at,
    claim.started_at, claim.cancel_requested_at, claim.cancel_requested_by, claim.cancel_refused_at
  from operation_claims as claim join input on claim.account_id = input.account_id and claim.operation_id = input.id
  -- Written so that no other index serves these: the way in is the primary key. The partial ones hold the dead entries
  -- of all operations that were live lately, and a plan made on empty tables would walk them.
  where claim.terminal_id || '' = input.terminal_id and claim.operation = input.operation
    and claim.deadline + interval '0' > input.at
  order by claim.account_id, claim.operation_id
  for no key update of claim
), ended as (
  update operations set
    status = input.status, result = input.result::jsonb, reason = input.reason, error = input.error::jsonb,
    dispatched_at = coalesce(live.dispatched_at, input.dispatched_at),
    delivered_at = coalesce(live.delivered_at, input.delivered_at, input.started_at),
    started_at = coalesce(live.started_at, input.started_at), answered_at = input.at,
    ${cancellationFrom("live")}, updated_at = input.at, updated_by = input.terminal_id
  from input join live on live.operation_id = input.id
  where operations.account_id = live.account_id and operations.id = live.operation_id
  returning operations.account_id, operations.id, operations.terminal_id, operations.operation, operations.status,
    operations.created_at, operations.updated_at, live.device_model
), ${releaseEnded}, moved as (
  update terminals set
    status = move.next, status_before_inactive = move.next_remembered, status_reason = move.next_reason,
    updated_at = ended.updated_at
  from ended, ${movesOf("update_checked")}
  where ended.operation = 'check_update' and ended.status = 'COMPLETED'
    and terminals.account_id = ended.account_id and terminals.terminal_id = ended.terminal_id
    and terminals.status = move.status and terminals.status_before_inactive is not distinct from move.remembered
)
select id, terminal_id, operation, device_model, created_at from ended`;

interface Row {
  id: string;
  terminal_id: string;
  operation: OperationName;
  device_model: string | null;
  created_at: Date;
}

/** At most one result per operation and terminal; answers those that ended their operation. */
export async function finishOperations(pool: Pool, batch: Finish[]): Promise<Finished[]> {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  const { rows } = await pool.query<Row>({
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
      batch.map((row) => row.dispatchedAt),
      batch.map((row) => row.deliveredAt),
      batch.map((row) => row.startedAt),
      batch.map((row) => row.at),
    ],
  });
  return rows.map((row) => ({
    id: row.id,
    terminalId: row.terminal_id,
    operation: row.operation,
    deviceModel: row.device_model,
    createdAt: row.created_at,
  }));
}
