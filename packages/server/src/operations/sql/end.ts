import type { OperationCause } from "@tillkeeper/contract/events";
import { eventsOf } from "../../events/write.ts";
import { operationOf } from "./fragments.ts";

/**
 * The end of operations. Every statement that ends one, stores one that has ended, or adds to one that has, takes its step
 * from here: these steps are the only ones that write an operation's status, result or late result after it was accepted,
 * and the only ones that give a claim back (docs/adr/0011).
 */

/** The columns that an operation takes along from its claim when it ends. */
export const takenAlong: readonly string[] = [
  "dispatched_at",
  "delivered_at",
  "started_at",
  "cancel_requested_at",
  "cancel_requested_by",
  "cancel_refused_at",
];

/** All but `from` and `carry` are SQL expressions over a row of `from`. */
interface End {
  /**
   * The step before, a row for each claim that ends: `account_id`, `operation_id`, `terminal_id`, `request_key`, and the columns
   * that are taken along. The statement has locked the claims.
   */
  from: string;
  status: string;
  reason: string;
  /** Only where the terminal has answered. */
  answer?: { result: string; error: string; unknownEnd: string };
  /** Without an answer: why none counts. */
  error?: string;
  at: string;
  by: string;
  /** Where a request ends it. */
  requestId?: string;
  /** Of `takenAlong`, the columns that may have a value; all unless the statement knows better. */
  taken?: readonly string[];
  /** Columns of `from` that later steps need. */
  carry?: string[];
}

/**
 * Ends the operations of all rows of `from`, and gives back what they occupied: a claim goes, or stays with its idempotency
 * key alone. Which of the two is asked of `from`: asked of the claims, it would let a plan read all those that have a key. A
 * claim goes also where its operation is gone with its month. Later steps read what was ended from `ended`.
 */
export function end({
  from,
  status,
  reason,
  answer,
  error,
  at,
  by,
  requestId,
  taken = takenAlong,
  carry = [],
}: End): string {
  const values: Record<string, string> = {
    status,
    reason,
    ...(answer && {
      result: answer.result,
      error: answer.error,
      unknown_end: answer.unknownEnd,
      answered_at: at,
    }),
    ...(error !== undefined && { error }),
    ...Object.fromEntries(taken.map((column) => [column, `${from}.${column}`])),
    updated_at: at,
    updated_by: by,
  };
  const returned = [
    "account_id",
    "id",
    "terminal_id",
    "operation",
    "status",
    "reason",
    "result",
    "updated_at",
    "updated_by",
    "store_ref",
  ];
  const ended = [...returned.map((column) => `operations.${column}`), ...carry.map((column) => `${from}.${column}`)];
  const claim = `claim.account_id = ${from}.account_id and claim.operation_id = ${from}.operation_id`;
  return `ended as (
  update operations set ${assignments(values)}
  from ${from}
  where ${operationOf(from)}
  returning ${ended.join(", ")}
), released as (
  delete from operation_claims as claim using ${from} where ${claim} and ${from}.request_key is null
), kept as (
  update operation_claims as claim set terminal_id = null, deadline = null, due_at = null
  from ${from} where ${claim} and ${from}.request_key is not null
), ${told("told_ends", { from: "ended", cause: "ended", by: "ended.updated_by", ...(requestId && { requestId }) })}`;
}

interface Told {
  from: string;
  which?: string;
  cause: OperationCause;
  by: string;
  requestId?: string;
}

/** The events of operations that have changed, without data: readers show the rows, to which later changes only add. */
function told(name: string, { from, which, cause, by, requestId }: Told): string {
  return eventsOf(name, {
    from,
    ...(which !== undefined && { which }),
    type: "terminal_operation_update",
    cause: `'${cause}'`,
    at: `${from}.updated_at`,
    subject: `${from}.id::text`,
    storeRef: `${from}.store_ref`,
    terminalId: `${from}.terminal_id`,
    actor: by,
    ...(requestId !== undefined && { requestId }),
  });
}

/** Of the step `from`, the rows where `which` is true. */
interface Answers {
  from: string;
  which: string;
}

/**
 * Keeps what was answered after the end, as `late_result` (D17): a change that `updated_at` shows. A row of `from` has `account_id`,
 * `id`, `terminal_id`, `reason`, `at`, and `late` as JSON.
 */
export function keepLate({ from, which }: Answers): string {
  return `kept_late as (
  update operations set late_result = ${from}.late::jsonb, told_late_at = ${from}.at,
    updated_at = greatest(operations.updated_at, ${from}.at), updated_by = ${from}.terminal_id
  from ${from}
  where ${which} and operations.account_id = ${from}.account_id and operations.id = ${from}.id
    and operations.terminal_id = ${from}.terminal_id and operations.status in ('TIMEOUT', 'FAILED')
    and operations.answered_at is null and operations.late_result is null
    -- A late report that the operation was given up adds nothing to a cancelled one.
    and not (operations.reason = 'cancelled' and ${from}.reason is not distinct from 'cancelled')
  returning operations.account_id, operations.id, operations.terminal_id, operations.store_ref, operations.updated_at
), ${told("told_late", { from: "kept_late", cause: "late_result", by: "kept_late.terminal_id" })}`;
}

/**
 * Stores operations that have ended and that the database has lost (D28): `recovered (account_id, id)`. In which store the
 * terminal was at their acceptance is lost, too: its present one stands for it.
 */
export function recover({ from, which }: Answers): string {
  return `recovered as (
  insert into operations (
    account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, started_at, answered_at,
    result, reason, error, unknown_end, updated_at, updated_by, recovered, told_late_at, store_ref
  )
  select account_id, stored_as, terminal_id, operation, status, parameters::jsonb, deadline, created_at, created_by, begun_at, at,
    result::jsonb, reason, error::jsonb, unknown_end, at, terminal_id, true, at, (
      select store_ref from terminals
      where terminals.account_id = ${from}.account_id and terminals.terminal_id = ${from}.terminal_id
    )
  from ${from}
  where ${which}
  on conflict do nothing
  returning account_id, id, terminal_id, store_ref, updated_at
), ${told("told_recovered", { from: "recovered", cause: "recovered", by: "recovered.terminal_id" })}`;
}

function assignments(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([column, value]) => `${column} = ${value}`)
    .join(", ");
}
