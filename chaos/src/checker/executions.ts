import { isDeepStrictEqual } from "node:util";
import { repeatable } from "@tillkeeper/contract/operations";
import { iso } from "./acceptance.ts";
import type { JournalEntry, Line, Outcome, SeenOperation, Violation } from "./history.ts";
import type { Indexed } from "./index.ts";
import { namesLostLog } from "./lost.ts";

/** Milliseconds that may pass between an agent's check of the deadline and the line that its handler writes. */
const toleratedLatenessMs = 100;

/** Reasons of FAILED that an agent gives without executing the operation. */
const withoutExecution: ReadonlySet<string> = new Set([
  "expired",
  "unsupported",
  "cancelled",
  "busy_payment",
  "out_of_step",
]);

/** Checks that terminals executed operations at most once and in time, and that the database holds their answers. */
export function checkExecutions(index: Indexed): Violation[] {
  return [
    ...[...index.begun].flatMap(([id, lines]) => checkBegun(index, id, lines)),
    ...[...index.begun].flatMap(([id, [line]]) => checkHasOutcome(index, id, line)),
    ...[...index.ended].flatMap(([id, [line]]) => checkAnswerStored(index, id, line)),
    ...index.history.rows.flatMap((row) => checkAnswerSource(index, row)),
    ...index.history.journals.flatMap(({ terminalId, entries }) =>
      entries.flatMap((entry) => checkJournalStored(index, terminalId, entry)),
    ),
  ];
}

function checkBegun(index: Indexed, operationId: string, lines: Line<"began">[]): Violation[] {
  const violations: Violation[] = [];
  const [{ terminalId }] = lines as [Line<"began">];
  if (lines.length > 1) {
    const times = lines.map((line) => `${line.terminalId} at ${iso(line.at)}`).join(", ");
    violations.push({ promise: "executed_once", operationId, text: `${operationId} was begun by ${times}` });
  }
  const row = index.rows.get(operationId);
  const isLost = !row && (index.ended.get(operationId) ?? []).some(({ outcome }) => namesLostLog(index, outcome));
  if (row?.terminal_id !== terminalId && !isLost) {
    const text = `${terminalId} executed ${operationId}, which ${row ? `belongs to ${row.terminal_id}` : "does not exist"}`;
    violations.push({ promise: "executed_once", operationId, text });
  }
  // A repeatable operation may be cancelled while it runs without the server's knowing; its answer is a late result.
  if (row?.reason === "cancelled" && !repeatable[row.operation]) {
    const text = `${operationId} (${row.operation}) is cancelled, and was begun at ${iso((lines[0] as Line<"began">).at)}`;
    violations.push({ promise: "cancelled_not_done", operationId, text });
  }
  const late = lines.find(({ at }) => row && at > Date.parse(row.deadline) + toleratedLatenessMs);
  if (late) {
    const text = `${terminalId} began ${operationId} at ${iso(late.at)}; its deadline was ${row?.deadline}`;
    violations.push({ promise: "begun_in_time", operationId, text });
  }
  return violations;
}

/** Every operation that was begun has an outcome, if only that it was interrupted. */
function checkHasOutcome(index: Indexed, operationId: string, line: Line<"began"> | undefined): Violation[] {
  if (!line || index.ended.has(operationId)) return [];
  const text = `${line.terminalId} began ${operationId} at ${iso(line.at)}, and never said what came of it`;
  return [{ promise: "no_answer_lost", operationId, text }];
}

/** At the end, when all parts work again, the database holds every answer. */
function checkAnswerStored(index: Indexed, operationId: string, line: Line<"ended"> | undefined) {
  const row = index.rows.get(operationId);
  // An operation that does not exist is reported where it was executed.
  if (!line || !row) return [];
  if (isStored(row, line.outcome) || namesLostLog(index, line.outcome)) return [];
  const violation: Violation = {
    promise: "no_answer_lost",
    operationId,
    text:
      `${line.terminalId} ended ${operationId} at ${iso(line.at)} as ${describe(line.outcome)}; ` +
      `the database says ${describe(row)}, late ${row.late_result ? describe(row.late_result) : "nothing"}`,
  };
  return [violation];
}

function isStored(row: SeenOperation, outcome: Outcome): boolean {
  const kept = row.status === "COMPLETED" || row.status === "FAILED" ? [row, row.late_result] : [row.late_result];
  return kept.some((answer) => answer && isAnswer(answer, outcome));
}

/** The database holds every journal entry, including answers without an execution and answers that it had lost. */
function checkJournalStored(index: Indexed, terminalId: string, entry: JournalEntry): Violation[] {
  const row = index.rows.get(entry.operation_id);
  // An operation that both sides have as cancelled needs no further answer in the database.
  if (row && (isStored(row, entry) || (row.reason === "cancelled" && entry.reason === "cancelled"))) return [];
  if (namesLostLog(index, entry)) return [];
  const operationId = entry.operation_id;
  const found = row ? `${describe(row)}, late ${row.late_result ? describe(row.late_result) : "nothing"}` : "nothing";
  const text = `${terminalId} remembers of ${operationId} ${describe(entry)}; the database says ${found}`;
  return [{ promise: "journal_kept", operationId, text }];
}

/** Every answer in the database is an answer that its terminal gave. */
function checkAnswerSource(index: Indexed, row: SeenOperation): Violation[] {
  const answers = [row.status === "COMPLETED" || row.status === "FAILED" ? row : undefined, row.late_result];
  return answers.flatMap((answer) => {
    if (!answer || (answer.status === "FAILED" && withoutExecution.has(answer.reason ?? ""))) return [];
    const lines = [row.id, ...sameRequest(index, row)].flatMap((id) => index.ended.get(id) ?? []);
    if (lines.some((line) => line.terminalId === row.terminal_id && isAnswer(answer, line.outcome))) return [];
    const given = lines.map(({ outcome }) => describe(outcome)).join(", ") || "nothing";
    const text = `${row.id} is ${describe(answer)} in the database; ${row.terminal_id} said ${given}`;
    return [{ promise: "very_result" as const, operationId: row.id, text }];
  });
}

/** Operations that the request of a close began: a request repeated after a loss gets the result of the lost close. */
function sameRequest({ begunOf }: Indexed, { operation, parameters }: SeenOperation): string[] {
  if (operation !== "end_of_day") return [];
  return (begunOf.get(parameters?.operator_id ?? "") ?? []).map(({ operationId }) => operationId);
}

type Answered = Pick<SeenOperation, "status" | "result" | "reason" | "error">;

function isAnswer(answer: Answered, outcome: Outcome): boolean {
  if (answer.status !== outcome.status) return false;
  return outcome.status === "COMPLETED"
    ? isDeepStrictEqual(answer.result, outcome.result)
    : answer.reason === outcome.reason && isDeepStrictEqual(answer.error, outcome.error);
}

function describe({ status, result, reason, error }: { [Field in keyof Answered]?: unknown }): string {
  if (status === "COMPLETED") return `COMPLETED ${JSON.stringify(result)}`;
  return [status, reason, error && JSON.stringify(error)].filter(Boolean).join(" ");
}
