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

/** What a locking clause ends with. */
export function skipping(meeting: Meeting): string {
  return meeting === "skip" ? " skip locked" : "";
}

/**
 * That a row of `operations` is the one of a claim. The terminal is named although the id would do: PostgreSQL 18 may take
 * the index by terminal for a way to the id, skipping through all terminals, unless that index serves as well.
 */
export function operationOf(claim: string): string {
  return `operations.account_id = ${claim}.account_id and operations.id = ${claim}.operation_id
    and operations.terminal_id = ${claim}.terminal_id`;
}

/** What becomes of a row that somebody else has locked: it is left out, or waited for, as long as the connection allows. */
export type Meeting = "skip" | "wait";

const unreadable: OperationReason = "invalid_result";

/**
 * Why an operation timed out, by how far its claim came; the contract's table as SQL. Of one whose device was replaced nobody can
 * say that it was not delivered.
 */
export function timeoutReasonOf(claim: string): string {
  return `case
    when ${claim}.invalid_result_at is not null then '${unreadable}'
    when ${claim}.started_at is not null then '${timeoutReasons.started}'
    when ${claim}.delivered_at is not null then '${timeoutReasons.delivered}'
    -- A database that went back does not know what was sent.
    when ${claim}.created_at <= (select max(at) from database_restores) then '${timeoutReasons.delivered}'
    -- That it is sent is counted before it is sent; when it was is only noted.
    when ${claim}.attempts = 0 then '${timeoutReasons.accepted}'
    when ${claim}.address is null or ${claim}.address = ${presentAddressOf(claim)} then '${timeoutReasons.dispatched}'
    else '${timeoutReasons.delivered}' end`;
}

const repeatableNames = Object.entries(repeatable).flatMap(([name, yes]) => (yes ? [`'${name}'`] : []));

/** Whether it does no harm that two devices carry it out. */
export function isRepeatable(claim: string): string {
  return `${claim}.operation in (${repeatableNames.join(", ")})`;
}

/** The address of the device that the terminal of a row is; null where it is none. */
export function presentAddressOf(row: string): string {
  return `(
    select credential.address from terminal_credentials as credential
    where credential.account_id = ${row}.account_id and credential.terminal_id = ${row}.terminal_id
  )`;
}

/** What no device has for an address: that of an operation which was for a device and found none. */
export function noDevice(row: string): string {
  return `${row}.terminal_id || '-D0'`;
}

/** What lives and still has to be asked of its terminal to be given up. */
export function isBeingCancelled(claim: string): string {
  return `(${claim}.cancel_requested_at is not null and ${claim}.cancel_refused_at is null)`;
}
