import type { OperationError, OperationName, OperationReason } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import { movesOf } from "../../terminals/life-cycle.ts";
import { cancellationFrom, lockedClaim, type Meeting, operationOf, release } from "./release.ts";

/** What a terminal answered. */
export interface Finish {
  accountId: string;
  id: string;
  terminalId: string;
  /** Of the device that answered. */
  address: string;
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
  status: "COMPLETED" | "FAILED";
  deviceModel: string | null;
  createdAt: Date;
}

/**
 * Ends a batch of operations with their results, gives their terminals back, and moves terminals that completed a
 * check_update (D11) and keeps what they said they run, all in one commit. An operation that is not PENDING, belongs to another terminal, is of another
 * kind, or is past its deadline is left as it is. What a device answered that was replaced counts, but tells nothing of the
 * device that the terminal is now. A batch skips what somebody else has locked: one transaction that hangs must
 * not hold up the results of others.
 */
const text = (meeting: Meeting) => `
with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[]
  ) as row (
    account_id, id, terminal_id, operation, status, result, reason, error, dispatched_at, delivered_at, started_at, at,
    address
  )
  order by account_id, id
), live as (
  select claim.*, input.status, input.result, input.reason, input.error, input.at, input.address as said_by,
    coalesce(claim.dispatched_at, input.dispatched_at) as dispatched,
    coalesce(claim.delivered_at, input.delivered_at, input.started_at) as delivered,
    coalesce(claim.started_at, input.started_at) as started
  from input cross join lateral (${lockedClaim(meeting)}) as claim
  where claim.terminal_id = input.terminal_id and claim.operation = input.operation and claim.deadline > input.at
), ended as (
  update operations set
    status = live.status, result = live.result::jsonb, reason = live.reason, error = live.error::jsonb,
    dispatched_at = live.dispatched, delivered_at = live.delivered, started_at = live.started, answered_at = live.at,
    ${cancellationFrom("live")}, updated_at = live.at, updated_by = live.terminal_id
  from live
  where ${operationOf("live")}
  returning operations.account_id, operations.id, operations.terminal_id, operations.operation, operations.status,
    operations.created_at, operations.updated_at, operations.result, live.device_model,
    live.said_by
), checked as (
  select ended.* from ended join terminal_credentials as credential
    on credential.account_id = ended.account_id and credential.terminal_id = ended.terminal_id
      and credential.address = ended.said_by
  where ended.operation = 'check_update' and ended.status = 'COMPLETED'
), ${release("ended", "id")}, moved as (
  update terminals set
    status = move.next, status_before_inactive = move.next_remembered, status_reason = move.next_reason,
    updated_at = checked.updated_at
  from checked, ${movesOf("update_checked")}
  where terminals.account_id = checked.account_id and terminals.terminal_id = checked.terminal_id
    and terminals.status = move.status and terminals.status_before_inactive is not distinct from move.remembered
), reported as (
  insert into terminal_software (account_id, terminal_id, software_version, configuration_version, reported_at)
  select account_id, terminal_id, result ->> 'current_version', nullif(result ->> 'configuration_version', ''), updated_at
  from checked
  order by account_id, terminal_id
  on conflict (account_id, terminal_id) do update set
    software_version = excluded.software_version, configuration_version = excluded.configuration_version,
    reported_at = excluded.reported_at
)
select id, terminal_id, operation, status, device_model, created_at from ended`;

const texts = { skip: text("skip"), wait: text("wait") };

interface Row {
  id: string;
  terminal_id: string;
  operation: OperationName;
  status: "COMPLETED" | "FAILED";
  device_model: string | null;
  created_at: Date;
}

/** At most one result per operation and terminal; answers those that ended their operation. */
export async function finishOperations(pool: Pool, batch: Finish[], meeting: Meeting): Promise<Finished[]> {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  const { rows } = await pool.query<Row>({
    name: `finish_operations_${meeting}`,
    text: texts[meeting],
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
      batch.map((row) => row.address),
    ],
  });
  return rows.map((row) => ({
    id: row.id,
    terminalId: row.terminal_id,
    operation: row.operation,
    status: row.status,
    deviceModel: row.device_model,
    createdAt: row.created_at,
  }));
}
