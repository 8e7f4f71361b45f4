import { type OperationReason, timeoutReasons } from "@tillkeeper/contract/operation-reasons";
import { repeatable } from "@tillkeeper/contract/operations";

/**
 * The claim of one row of `input (account_id, id, …)`, locked, for a lateral join. The primary key is the only way to it:
 * conditions that another index could serve stand outside, because plans made while few operations are live would walk
 * that index later. `input` is in the order of the key.
 */
export function lockedClaim(meeting: Meeting): string {
  return `
  select * from operation_claims as claim
  where claim.account_id = input.account_id and claim.operation_id = input.id
  offset 0
  for no key update${skipping(meeting)}`;
}

/** The end of a locking clause. */
export function skipping(meeting: Meeting): string {
  return meeting === "skip" ? " skip locked" : "";
}

/**
 * The condition that a row of `operations` belongs to a claim. The terminal is named although the id would do: PostgreSQL 18 may take
 * the index by terminal for a way to the id, skipping through all terminals, unless that index serves as well.
 */
export function operationOf(claim: string): string {
  return `operations.account_id = ${claim}.account_id and operations.id = ${claim}.operation_id
    and operations.terminal_id = ${claim}.terminal_id`;
}

/** Skip rows locked by another transaction, or wait for them up to the `lock_timeout` of the connection. */
export type Meeting = "skip" | "wait";

const unreadable: OperationReason = "invalid_result";

/**
 * The reason of a timeout, by the phase that the claim reached: the contract's table as SQL. For a replaced device it is
 * unknown whether the command was delivered, so it counts as delivered.
 */
export function timeoutReasonOf(claim: string): string {
  return `case
    when ${claim}.invalid_result_at is not null then '${unreadable}'
    when ${claim}.started_at is not null then '${timeoutReasons.started}'
    when ${claim}.delivered_at is not null then '${timeoutReasons.delivered}'
    -- A restored database does not know which commands were sent.
    when ${claim}.created_at <= (select max(at) from database_restores) then '${timeoutReasons.delivered}'
    -- The count goes up before the sending; the time of the sending is only a note.
    when ${claim}.attempts = 0 then '${timeoutReasons.accepted}'
    when ${claim}.address is null or ${claim}.address = ${presentAddressOf(claim)} then '${timeoutReasons.dispatched}'
    else '${timeoutReasons.delivered}' end`;
}

const repeatableNames = Object.entries(repeatable).flatMap(([name, yes]) => (yes ? [`'${name}'`] : []));

/** Whether two devices may both execute the operation without harm. */
export function isRepeatable(claim: string): string {
  return `${claim}.operation in (${repeatableNames.join(", ")})`;
}

/** The present address of the terminal of a row; null where it has no device. */
export function presentAddressOf(row: string): string {
  return `(
    select credential.address from terminal_credentials as credential
    where credential.account_id = ${row}.account_id and credential.terminal_id = ${row}.terminal_id
  )`;
}

/** An address that no device has: the one of an operation that was accepted while its terminal had no device. */
export function noDevice(row: string): string {
  return `${row}.terminal_id || '-D0'`;
}

/** Whether the terminal still has to be asked to cancel the live operation. */
export function isBeingCancelled(claim: string): string {
  return `(${claim}.cancel_requested_at is not null and ${claim}.cancel_refused_at is null)`;
}
