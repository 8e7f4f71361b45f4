import { repeatable, timeoutReasons } from "@tillkeeper/contract/operations";

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
  for no key update${meeting === "skip" ? " skip locked" : ""}`;
}

/**
 * That a row of `operations` is the one of a claim. The terminal is named although the id would do: PostgreSQL 18 may take
 * the index by terminal for a way to the id, skipping through all terminals, unless that index serves as well.
 */
export function operationOf(claim: string): string {
  return `operations.account_id = ${claim}.account_id and operations.id = ${claim}.operation_id
    and operations.terminal_id = ${claim}.terminal_id`;
}

/**
 * That whoever said what a row of `row (account_id, terminal_id, credential_id, …)` tells still speaks for that terminal.
 * Null is of this server, or of one of whom an outside broker does not tell by what it was let in.
 */
export const saidByHolder = `(row.credential_id is null or exists (
    select from terminal_credentials as credential
    where credential.account_id = row.account_id and credential.terminal_id = row.terminal_id
      and credential.credential_id = row.credential_id
  ))`;

/** What becomes of a row that somebody else has locked: it is left out, or waited for, as long as the connection allows. */
export type Meeting = "skip" | "wait";

/**
 * The two steps that give back what ended operations occupied, for a statement that has them in `over (account_id, id)`:
 * a claim goes, or stays with its idempotency key alone.
 */
export function release(over: string, id: "id" | "operation_id"): string {
  const found = `claim.account_id = ${over}.account_id and claim.operation_id = ${over}.${id}`;
  return `released as (
  delete from operation_claims as claim using ${over} where ${found} and claim.idempotency_key is null
), kept as (
  update operation_claims as claim set terminal_id = null, deadline = null, due_at = null
  from ${over} where ${found} and claim.idempotency_key is not null
)`;
}

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

/**
 * Why an operation timed out, by how far its claim came; the contract's table as SQL. Of one whose device is gone nobody can
 * say that it was not delivered.
 */
export function timeoutReasonOf(claim: string): string {
  return `case
    when ${claim}.started_at is not null then '${timeoutReasons.started}'
    when ${claim}.delivered_at is not null or ${claim}.recipient_gone_at is not null or ${isSentToWhoKnows(claim)}
      then '${timeoutReasons.delivered}'
    -- That it is sent is counted before it is sent; when it was is only noted.
    when ${claim}.attempts > 0 then '${timeoutReasons.dispatched}'
    else '${timeoutReasons.accepted}' end`;
}

const repeatableNames = Object.entries(repeatable).flatMap(([name, yes]) => (yes ? [`'${name}'`] : []));

/** Whether it does no harm to carry it out twice. */
export function isRepeatable(claim: string): string {
  return `${claim}.operation in (${repeatableNames.join(", ")})`;
}

function isSentToWhoKnows(claim: string): string {
  return `(${claim}.attempts > 0 and ${claim}.sent_to is null and not ${isRepeatable(claim)})`;
}

/**
 * The credential of the only device that can hear what is sent to the terminal of a row from now on; null while the one
 * before may still be there.
 */
export function recipientOf(row: string): string {
  return `(
    select credential.credential_id from terminal_credentials as credential
    where credential.account_id = ${row}.account_id and credential.terminal_id = ${row}.terminal_id
      and credential.admitted_at is not null
  )`;
}

/** What a claim is to know of that, as it is sent: null for what may be carried out twice, which costs no look. */
export function recipientIfItMatters(row: string): string {
  return `case when ${isRepeatable(row)} then null else ${recipientOf(row)} end`;
}

/**
 * Whether something was sent that must not be done twice, and the terminal is not surely the device that it went to: another
 * one must neither be sent it nor be asked about it.
 */
export function isRecipientGone(claim: string): string {
  return `case
    when ${claim}.recipient_gone_at is not null then true
    when ${claim}.attempts = 0 or ${isRepeatable(claim)} then false
    else coalesce(${claim}.sent_to <> ${recipientOf(claim)}, true) end`;
}

/** What lives and still has to be asked of its terminal to be given up. */
export function isBeingCancelled(claim: string): string {
  return `(${claim}.cancel_requested_at is not null and ${claim}.cancel_refused_at is null)`;
}
