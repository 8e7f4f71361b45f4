import { isDeepStrictEqual } from "node:util";
import { repeatable } from "@tillkeeper/contract/operations";
import { iso } from "./acceptance.ts";
import type { JournalEntry, Line, Outcome, SeenOperation, Violation } from "./history.ts";
import type { Indexed } from "./index.ts";
import { namesLostLog } from "./lost.ts";

/** Milliseconds between an agent's last look at the clock and the line that its handler writes. */
const toleratedLatenessMs = 100;

/** Reasons of FAILED that come without an execution. */
const withoutExecution: ReadonlySet<string> = new Set([
  "expired",
  "unsupported",
  "cancelled",
  "busy_payment",
  "out_of_step",
]);

/** Terminals execute each operation at most once and in time, and what they did is what the database holds. */
export function checkExecutions(index: Indexed): Violation[] {
  return [
    ...[...index.begun].flatMap(([id, lines]) => beginnings(index, id, lines)),
    ...[...index.begun].flatMap(([id, [line]]) => completeness(index, id, line)),
    ...[...index.ended].flatMap(([id, [line]]) => keeping(index, id, line)),
    ...index.history.rows.flatMap((row) => authorship(index, row)),
    ...index.history.journals.flatMap(({ terminalId, entries }) =>
      entries.flatMap((entry) => memory(index, terminalId, entry)),
    ),
  ];
}

function beginnings(index: Indexed, operationId: string, lines: Line<"began">[]): Violation[] {
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
  // What may be done twice may also be cancelled while it runs, unknown to the server; its answer is kept as a late one.
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

/** Whatever was begun has an outcome, if only that it was interrupted. */
function completeness(index: Indexed, operationId: string, line: Line<"began"> | undefined): Violation[] {
  if (!line || index.ended.has(operationId)) return [];
  const text = `${line.terminalId} began ${operationId} at ${iso(line.at)}, and never said what came of it`;
  return [{ promise: "no_answer_lost", operationId, text }];
}

/** By the end, with everything well again, every answer has reached the database. */
function keeping(index: Indexed, operationId: string, line: Line<"ended"> | undefined) {
  const row = index.rows.get(operationId);
  // An operation that does not exist is reported where it was executed.
  if (!line || !row) return [];
  if (keeps(row, line.outcome) || namesLostLog(index, line.outcome)) return [];
  const violation: Violation = {
    promise: "no_answer_lost",
    operationId,
    text:
      `${line.terminalId} ended ${operationId} at ${iso(line.at)} as ${describe(line.outcome)}; ` +
      `the database says ${describe(row)}, late ${row.late_result ? describe(row.late_result) : "nothing"}`,
  };
  return [violation];
}

function keeps(row: SeenOperation, outcome: Outcome): boolean {
  const kept = row.status === "COMPLETED" || row.status === "FAILED" ? [row, row.late_result] : [row.late_result];
  return kept.some((answer) => answer && isAnswer(answer, outcome));
}

/** Also what was answered without being begun, and what the database had lost. */
function memory(index: Indexed, terminalId: string, entry: JournalEntry): Violation[] {
  const row = index.rows.get(entry.operation_id);
  // That it was given up is no news where it is cancelled.
  if (row && (keeps(row, entry) || (row.reason === "cancelled" && entry.reason === "cancelled"))) return [];
  if (namesLostLog(index, entry)) return [];
  const operationId = entry.operation_id;
  const found = row ? `${describe(row)}, late ${row.late_result ? describe(row.late_result) : "nothing"}` : "nothing";
  const text = `${terminalId} remembers of ${operationId} ${describe(entry)}; the database says ${found}`;
  return [{ promise: "journal_kept", operationId, text }];
}

/** What the database says that a terminal answered is what that terminal did answer. */
function authorship(index: Indexed, row: SeenOperation): Violation[] {
  const answers = [row.status === "COMPLETED" || row.status === "FAILED" ? row : undefined, row.late_result];
  return answers.flatMap((answer) => {
    if (!answer || (answer.status === "FAILED" && withoutExecution.has(answer.reason ?? ""))) return [];
    const lines = [row.id, ...sameRequest(index, row)].flatMap((id) => index.ended.get(id) ?? []);
    if (lines.some((line) => line.terminalId === row.terminal_id && isAnswer(answer, line.outcome))) return [];
    const said = lines.map(({ outcome }) => describe(outcome)).join(", ") || "nothing";
    const text = `${row.id} is ${describe(answer)} in the database; ${row.terminal_id} said ${said}`;
    return [{ promise: "very_result" as const, operationId: row.id, text }];
  });
}

/** A request that comes again after its close was lost has the result of that close. */
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
