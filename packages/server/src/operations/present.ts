import type { Operation } from "@tillkeeper/contract/http/operations";
import { showStep, stepAfter, stepAfterLate } from "@tillkeeper/contract/next-steps";
import { type OperationPhase, operationPhases } from "@tillkeeper/contract/operations";
import { documentedTime, preciseTime } from "../platform/timestamps.ts";
import type { OperationRow } from "./queries.ts";

/** An operation as answers show it: the documented fields first, in the documented order. */
export function presentOperation(row: OperationRow): Operation {
  const phases = presentPhases(row);
  const shown = {
    ...presentAccepted(row),
    status: row.status,
    updated_at: documentedTime(lastChange(row)),
    updated_by: row.updated_by,
    phase: lastPhase(phases),
    phases,
    ...(row.cancel_requested_at !== null && { cancellation: presentCancellation(row) }),
    ...(row.result !== null && { result: row.result }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.error !== null && { error: row.error }),
    ...(row.unknown_end && { unknown_end: true as const }),
    ...(row.late_result !== null && { late_result: row.late_result }),
    ...nextStepOf(row),
  };
  // Results were checked against the schema of their operation when they were taken.
  return shown as Operation;
}

/** The step after an operation that ended FAILED or TIMEOUT, late result included. */
function nextStepOf({ operation, reason, unknown_end: unknownEnd, late_result: late }: OperationRow): object {
  if (late !== null) return showStep(stepAfterLate(operation, late as NonNullable<Operation["late_result"]>));
  return reason ? showStep(stepAfter(operation, reason, unknownEnd)) : {};
}

type Accepted = Pick<
  OperationRow,
  | "id"
  | "terminal_id"
  | "operation"
  | "created_at"
  | "created_by"
  | "account_id"
  | "deadline"
  | "parameters"
  | "when_busy"
> & { recovered?: boolean };

/** The answer to the request that created the operation, and to each repetition with its idempotency key (D15). */
export function presentAccepted(row: Accepted): Operation {
  return {
    id: row.id,
    terminal_id: row.terminal_id,
    operation: row.operation,
    status: "PENDING",
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.created_at),
    updated_by: row.created_by,
    account_id: row.account_id,
    deadline: preciseTime(row.deadline),
    phase: "accepted",
    phases: { accepted: preciseTime(row.created_at) },
    ...(row.when_busy !== null && { when_busy: row.when_busy }),
    ...(Object.keys(row.parameters).length > 0 && { parameters: row.parameters }),
    ...(row.recovered && { recovered: true as const }),
  };
}

export type PhaseTimes = Pick<
  OperationRow,
  "created_at" | "dispatched_at" | "delivered_at" | "started_at" | "answered_at"
>;

function presentPhases(row: PhaseTimes): Operation["phases"] {
  return {
    accepted: preciseTime(row.created_at),
    ...(row.dispatched_at && { dispatched: preciseTime(row.dispatched_at) }),
    ...(row.delivered_at && { delivered: preciseTime(row.delivered_at) }),
    ...(row.started_at && { started: preciseTime(row.started_at) }),
    ...(row.answered_at && { answered: preciseTime(row.answered_at) }),
  };
}

/** While an operation is live, its phases and a request to cancel it are changes, too; what ends it is the last. */
function lastChange(row: OperationRow): Date {
  if (row.status !== "PENDING") return row.updated_at;
  const { dispatched_at, delivered_at, started_at, cancel_requested_at, cancel_refused_at } = row;
  const changes = [dispatched_at, delivered_at, started_at, cancel_requested_at, cancel_refused_at];
  return new Date(Math.max(row.updated_at.getTime(), ...changes.map((at) => at?.getTime() ?? 0)));
}

function lastPhase(phases: Operation["phases"]): OperationPhase {
  return operationPhases.findLast((phase) => phases[phase] !== undefined) ?? "accepted";
}

export function phaseOf(row: PhaseTimes): OperationPhase {
  return lastPhase(presentPhases(row));
}

function presentCancellation(row: OperationRow): NonNullable<Operation["cancellation"]> {
  return {
    requested_at: preciseTime(row.cancel_requested_at as Date),
    requested_by: row.cancel_requested_by ?? "",
    ...(row.cancel_refused_at && { refused_at: preciseTime(row.cancel_refused_at) }),
  };
}
