import { repeatable, timeoutReasons } from "@tillkeeper/contract/operations";

/**
 * The two steps that give back what ended operations occupied, for a statement that has them in `ended (account_id, id)`:
 * a claim goes, or stays with its idempotency key alone.
 */
export const releaseEnded = `released as (
  delete from operation_claims as claim using ended
  where claim.account_id = ended.account_id and claim.operation_id = ended.id and claim.idempotency_key is null
), kept as (
  update operation_claims as claim set terminal_id = null, deadline = null, due_at = null
  from ended
  where claim.account_id = ended.account_id and claim.operation_id = ended.id and claim.idempotency_key is not null
)`;

/** The phases that an operation takes along from its claim when it ends, as assignments of an update. */
export function phasesFrom(claim: string): string {
  return assignments(["dispatched_at", "delivered_at", "started_at"], claim);
}

/** The same for what was asked and said about cancelling it. */
export function cancellationFrom(claim: string): string {
  return assignments(["cancel_requested_at", "cancel_requested_by", "cancel_refused_at"], claim);
}

function assignments(columns: string[], claim: string): string {
  return columns.map((column) => `${column} = ${claim}.${column}`).join(", ");
}

/** Why an operation timed out, by how far its claim came; the contract's table as SQL. */
export function timeoutReasonOf(claim: string): string {
  return `case
    when ${claim}.started_at is not null then '${timeoutReasons.started}'
    when ${claim}.delivered_at is not null then '${timeoutReasons.delivered}'
    when ${claim}.dispatched_at is not null then '${timeoutReasons.dispatched}'
    else '${timeoutReasons.accepted}' end`;
}

const repeatableNames = Object.entries(repeatable).flatMap(([name, yes]) => (yes ? [`'${name}'`] : []));

/** Whether it does no harm to carry it out twice. */
export function isRepeatable(claim: string): string {
  return `${claim}.operation in (${repeatableNames.join(", ")})`;
}

/** What lives and still has to be asked of its terminal to be given up. */
export function isBeingCancelled(claim: string): string {
  return `(${claim}.cancel_requested_at is not null and ${claim}.cancel_refused_at is null)`;
}
