import { iso } from "./acceptance.ts";
import type { Instant, Journal, JournalEntry, Line, Violation } from "./history.ts";
import { type Indexed, isBegun } from "./index.ts";
import { acceptance, lostIn } from "./lost.ts";

/** The longest that a message of the server may take, in milliseconds: links are held, brokers and agents paused. */
const longestDeliveryMs = 20_000;

/** Checks that no day is closed twice and no close refused without need, even where the database has lost commits. */
export function checkCloses(index: Indexed): Violation[] {
  const byTerminal = Map.groupBy(index.history.agents, ({ terminalId }) => terminalId);
  return [
    ...[...byTerminal.values()].flatMap((lines) => checkKnownCloses(index, lines)),
    ...[...index.begunOf].flatMap(([wish, lines]) => checkOneClosePerRequest(wish, lines)),
    ...index.history.journals.flatMap((journal) => checkOutOfStep(index, journal)),
    ...checkCancelledCloses(index),
  ];
}

/** Compares each close that a device began with the close that it had completed before, by its own lines in order. */
function checkKnownCloses(index: Indexed, lines: Indexed["history"]["agents"]): Violation[] {
  const closes = new Set<string>();
  let last: { operationId: string; at: Instant } | undefined;
  return lines.flatMap((line) => {
    if (line.type === "ended" && line.outcome.status === "COMPLETED" && closes.has(line.operationId)) last = line;
    if (!isBegun(line) || line.operation !== "end_of_day") return [];
    closes.add(line.operationId);
    const unknown = last && reasonUnknown(index, last, line);
    if (!unknown) return [];
    const text = `${line.terminalId} began ${line.operationId} at ${iso(line.at)}, ${unknown}`;
    return [{ promise: "closed_knowingly" as const, operationId: line.operationId, text }];
  });
}

function reasonUnknown(index: Indexed, last: { operationId: string; at: Instant }, line: Line<"began">) {
  const accepted = Math.min(acceptance(index, line.operationId).to, line.at);
  if (last.at > accepted) return `accepted before it ended ${last.operationId} at ${iso(last.at)}`;
  const stored = index.rows.get(last.operationId)?.phases?.answered;
  // The close was accepted in a lost period: the server then knew of results that it had to get again later.
  if (stored === undefined || lostIn(index, line.operationId).length > 0) return undefined;
  return Date.parse(stored) > accepted
    ? `accepted before the server heard of ${last.operationId}, at ${stored}`
    : undefined;
}

/** A request may begin one close only, even if a loss made several operations of it. */
function checkOneClosePerRequest(wish: string, lines: Line<"began">[]): Violation[] {
  const begun = new Set(lines.flatMap((line) => (line.operation === "end_of_day" ? [line.operationId] : [])));
  if (begun.size < 2) return [];
  return [{ promise: "one_close_per_request", text: `${wish} began the closes ${[...begun].join(", ")}` }];
}

/** Reports a refusal only if the server certainly knew of the terminal's last close. */
function checkOutOfStep(index: Indexed, { terminalId, entries }: Journal): Violation[] {
  let last: JournalEntry | undefined;
  return entries.flatMap((entry) => {
    if (mayHaveClosed(entry)) last = entry;
    if (entry.reason !== "out_of_step" || entry.repeats !== undefined) return [];
    if (last && !surelyKnown(index, last.operation_id, acceptance(index, entry.operation_id).from)) return [];
    const text = `${terminalId} refused ${entry.operation_id} as out of step; its last close was ${last?.operation_id ?? "none"}`;
    return [{ promise: "out_of_step_for_a_reason" as const, operationId: entry.operation_id, text }];
  });
}

function mayHaveClosed({ operation, status, unknown_end: unknownEnd }: JournalEntry): boolean {
  return operation === "end_of_day" && (status === "COMPLETED" || unknownEnd === true);
}

/** Whether the terminal had a receipt for the result before `at`, and no loss can have removed the result since. */
function surelyKnown(index: Indexed, operationId: string, at: Instant): boolean {
  const receiptAt = Math.max(...(index.held.get(operationId) ?? []).map((line) => line.at).filter((time) => time < at));
  if (receiptAt === Number.NEGATIVE_INFINITY) return false;
  return !index.history.lost.some(({ from, to }) => from <= receiptAt && to >= receiptAt - longestDeliveryMs);
}

/** An `end_of_day` may end as cancelled only if its terminal's journal says so. */
function checkCancelledCloses({ history, rows }: Indexed): Violation[] {
  const cancelledByTerminal = new Set(
    history.journals.flatMap(({ entries }) =>
      entries.flatMap((one) => (one.reason === "cancelled" ? one.operation_id : [])),
    ),
  );
  return [...rows.values()].flatMap((row) => {
    if (row.operation !== "end_of_day" || row.reason !== "cancelled" || cancelledByTerminal.has(row.id)) return [];
    const text = `${row.id} (end_of_day) is cancelled, and ${row.terminal_id} has not given it up`;
    return [{ promise: "cancelled_not_done" as const, operationId: row.id, text }];
  });
}
