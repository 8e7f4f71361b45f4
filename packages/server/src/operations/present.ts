import type { Operation } from "@tillkeeper/contract/http/operations";
import { documentedTime, preciseTime } from "../platform/timestamps.ts";
import type { OperationRow } from "./queries.ts";

/** An operation as answers show it: the documented fields first, in the documented order. */
export function presentOperation(row: OperationRow): Operation {
  return {
    ...presentAccepted(row),
    status: row.status,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    ...(row.result !== null && { result: row.result as NonNullable<Operation["result"]> }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.error !== null && { error: row.error }),
    ...(row.late_result !== null && { late_result: row.late_result as NonNullable<Operation["late_result"]> }),
  };
}

type Accepted = Pick<
  OperationRow,
  "id" | "terminal_id" | "operation" | "created_at" | "created_by" | "account_id" | "deadline" | "parameters"
>;

/** The answer that accepting it gave: the same whenever it is asked for again with the same idempotency key (D15). */
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
    ...(Object.keys(row.parameters).length > 0 && { parameters: row.parameters }),
  };
}
