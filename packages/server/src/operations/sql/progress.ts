import type { Pool } from "pg";

/** How far an operation has come, at the server's time; what is null is not reported. */
export interface Progress {
  accountId: string;
  id: string;
  terminalId: string;
  dispatchedAt: Date | null;
  deliveredAt: Date | null;
  startedAt: Date | null;
}

/**
 * Notes phases of live operations; the first report of a phase counts. Claims are locked by primary key and in its order,
 * here as in the statement that finishes operations: otherwise the two, meeting over the same operations, would deadlock.
 */
const text = `
with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[]
  ) as row (account_id, id, terminal_id, dispatched_at, delivered_at, started_at)
), live as (
  select claim.account_id, claim.operation_id
  from operation_claims as claim join input on claim.account_id = input.account_id and claim.operation_id = input.id
  -- As in the statement that finishes: the way in is the primary key.
  where claim.terminal_id || '' = input.terminal_id
  order by claim.account_id, claim.operation_id
  for no key update of claim
)
update operation_claims as claim set
  dispatched_at = coalesce(claim.dispatched_at, input.dispatched_at),
  delivered_at = coalesce(claim.delivered_at, input.delivered_at, input.started_at),
  started_at = coalesce(claim.started_at, input.started_at)
from input join live on live.operation_id = input.id
where claim.account_id = live.account_id and claim.operation_id = live.operation_id
returning claim.operation_id`;

/** Answers the ids of those that are live. */
export async function noteProgress(pool: Pool, batch: Progress[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ operation_id: string }>({
    name: "note_progress",
    text,
    values: valuesOf(batch),
  });
  return new Set(rows.map((row) => row.operation_id));
}

const lateText = `
with input as (
  select * from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[])
    as row (account_id, id, terminal_id, dispatched_at)
)
update operations set dispatched_at = input.dispatched_at
from input
where operations.account_id = input.account_id and operations.id = input.id
  and operations.terminal_id || '' = input.terminal_id and operations.dispatched_at is null
  -- One that ended while it was being sent was not dispatched to any effect.
  and operations.answered_at is not null`;

/** The same for operations that another server has ended meanwhile, without knowing who sent them. */
export async function noteDispatchedLate(pool: Pool, batch: Progress[]): Promise<void> {
  await pool.query({ name: "note_dispatched_late", text: lateText, values: valuesOf(batch).slice(0, 4) });
}

function valuesOf(batch: Progress[]) {
  return [
    batch.map((row) => row.accountId),
    batch.map((row) => row.id),
    batch.map((row) => row.terminalId),
    batch.map((row) => row.dispatchedAt),
    batch.map((row) => row.deliveredAt),
    batch.map((row) => row.startedAt),
  ];
}
