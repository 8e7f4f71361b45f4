import type { TimelineEntry } from "@tillkeeper/contract/http/timeline";
import { operationWords } from "@tillkeeper/contract/operations";
import type { TimelineType } from "@tillkeeper/contract/timeline";
import { preciseTime } from "../../platform/timestamps.ts";
import { linkTo } from "../links.ts";
import type { Found, Source, Wanted } from "../source.ts";
import { type OperationRow, readOperations, readToldLate } from "../sql/operations.ts";
import { doneInWords, reasonWords } from "../words/operations.ts";
import { afterInWords, spanInWords } from "../words/words.ts";

interface LateResult {
  status: "COMPLETED" | "FAILED";
  result?: unknown;
  reason?: keyof typeof reasonWords;
}

/** Operations: when each was accepted, when its cancelling was asked for, and when it ended. */
export const operations: Source = async (wanted) => {
  const rows = await readOperations(wanted);
  return rows.flatMap((row) => [accepted(wanted, row), ...cancelRequested(wanted, row), ...ended(wanted, row)]);
};

/** What terminals told late: results of operations that had ended, and operations that the database had lost. */
export const toldLate: Source = async (wanted) =>
  (await readToldLate(wanted)).map((row) => (row.recovered ? recovered(wanted, row) : late(wanted, row)));

function found(
  { subject: { accountId } }: Wanted,
  row: OperationRow,
  { source, at, ...rest }: Pick<Found, "source" | "type" | "text"> & { at: Date; by?: string | null },
): Found {
  return {
    source,
    at: at.getTime(),
    key: row.id,
    link: linkTo.operation(accountId, row.id),
    terminalId: row.terminal_id,
    operation: present(row),
    ...rest,
  };
}

function present(row: OperationRow): NonNullable<TimelineEntry["operation"]> {
  const { dispatched_at, delivered_at, started_at, answered_at } = row;
  return {
    id: row.id,
    operation: row.operation,
    status: row.status,
    ...(row.reason !== null && { reason: row.reason }),
    phases: {
      accepted: preciseTime(row.created_at),
      ...(dispatched_at && { dispatched: preciseTime(dispatched_at) }),
      ...(delivered_at && { delivered: preciseTime(delivered_at) }),
      ...(started_at && { started: preciseTime(started_at) }),
      ...(answered_at && { answered: preciseTime(answered_at) }),
    },
  };
}

const isOwnClose = ({ created_by, terminal_id }: OperationRow) => created_by === `terminal:${terminal_id}`;

function accepted(wanted: Wanted, row: OperationRow): Found {
  const { todo } = operationWords[row.operation];
  const common = { source: "accepted", at: row.created_at, by: row.created_by } as const;
  if (isOwnClose(row)) {
    return found(wanted, row, {
      ...common,
      type: "closed_at_terminal",
      text: ({ terminal }) => `Somebody closed the day at ${terminal(row.terminal_id)} itself.`,
    });
  }
  return found(wanted, row, {
    ...common,
    type: "operation_accepted",
    text: ({ who, terminal }) => `${who(row.created_by)} asked ${terminal(row.terminal_id)} to ${todo}.`,
  });
}

function cancelRequested(wanted: Wanted, row: OperationRow): Found[] {
  const { cancel_requested_at: at, cancel_requested_by: by } = row;
  if (!at) return [];
  const { noun } = operationWords[row.operation];
  const text: Found["text"] = (words) => `${words.who(by)} asked to cancel the ${noun}${words.at(row.terminal_id)}.`;
  return [found(wanted, row, { source: "cancel", at, by, type: "operation_cancel_requested", text })];
}

/** A recovered operation has no end that the server has seen: it is told of late. */
function ended(wanted: Wanted, row: OperationRow): Found[] {
  const at = endOf(row);
  if (!at || row.recovered) return [];
  const types = {
    COMPLETED: "operation_completed",
    FAILED: "operation_failed",
    TIMEOUT: "operation_timed_out",
    PENDING: "operation_accepted",
  } as const satisfies Record<OperationRow["status"], TimelineType>;
  return [found(wanted, row, { source: "ended", at, type: types[row.status], text: endInWords(row, at) })];
}

/**
 * When it ended, unchanged by a late result: with the answer, with its deadline (of which the server takes notice within a
 * second), or with the request to cancel it.
 */
function endOf(row: OperationRow): Date | undefined {
  if (row.status === "PENDING") return undefined;
  if (row.answered_at) return row.answered_at;
  if (row.status === "TIMEOUT") return row.deadline < row.updated_at ? row.deadline : row.updated_at;
  return (row.reason === "cancelled" && row.cancel_requested_at) || row.updated_at;
}

function endInWords(row: OperationRow, at: Date): Found["text"] {
  const { noun } = operationWords[row.operation];
  const took = at.getTime() - row.created_at.getTime();
  if (row.status === "COMPLETED") {
    return ({ Terminal }) =>
      `${Terminal(row.terminal_id)} ${doneInWords(row.operation, row.result, afterInWords(took))}.`;
  }
  const why = row.reason ? `: ${reasonWords[row.reason]}` : "";
  const what =
    row.status === "TIMEOUT" ? `had no answer within its ${spanInWords(took)}` : `failed ${afterInWords(took)}`;
  return (words) => `The ${noun}${words.at(row.terminal_id)} ${what}${why}.`;
}

function late(wanted: Wanted, row: OperationRow): Found {
  const { status, result, reason } = row.late_result as LateResult;
  const { noun } = operationWords[row.operation];
  const what =
    status === "COMPLETED"
      ? `it ${doneInWords(row.operation, result)}`
      : `the ${noun} failed${reason ? `, because ${reasonWords[reason]}` : ""}`;
  return found(wanted, row, {
    source: "told_late",
    at: row.told_late_at as Date,
    type: "operation_answered_late",
    text: ({ Terminal }) =>
      `${Terminal(row.terminal_id)} told late, after the operation had ended without an answer: ${what}.`,
  });
}

function recovered(wanted: Wanted, row: OperationRow): Found {
  const { noun } = operationWords[row.operation];
  const what = isOwnClose(row)
    ? "that the day was closed at the terminal itself"
    : `of a ${noun} that was not known here any more`;
  const done = row.status === "COMPLETED" ? `: it ${doneInWords(row.operation, row.result)}` : "";
  return found(wanted, row, {
    source: "told_late",
    at: row.told_late_at as Date,
    type: "operation_recovered",
    text: ({ Terminal }) => `${Terminal(row.terminal_id)} told ${what}${done}.`,
  });
}
