import { iso } from "./acceptance.ts";
import type { Instant, Journal, JournalEntry, Line, Violation } from "./history.ts";
import { type Indexed, isBegun } from "./index.ts";
import { acceptance, lostIn } from "./lost.ts";

/** Milliseconds that a word of the server may have been on its way: links are held, brokers and agents paused. */
const wordsTakeMs = 20_000;

/** No day is closed twice, and no close is refused without need, whatever the database has lost. */
export function checkCloses(index: Indexed): Violation[] {
  const byTerminal = Map.groupBy(index.history.agents, ({ terminalId }) => terminalId);
  return [
    ...[...byTerminal.values()].flatMap((lines) => knowledge(index, lines)),
    ...[...index.begunOf].flatMap(([wish, lines]) => requests(wish, lines)),
    ...index.history.journals.flatMap((journal) => outOfStep(index, journal)),
    ...givenUp(index),
  ];
}

/** By the device's own lines, in their order: each close that it begins, and the one that it had really made before. */
function knowledge(index: Indexed, lines: Indexed["history"]["agents"]): Violation[] {
  const closes = new Set<string>();
  let last: { operationId: string; at: Instant } | undefined;
  return lines.flatMap((line) => {
    if (line.type === "ended" && line.outcome.status === "COMPLETED" && closes.has(line.operationId)) last = line;
    if (!isBegun(line) || line.operation !== "end_of_day") return [];
    closes.add(line.operationId);
    const unknown = last && whyUnknown(index, last, line);
    if (!unknown) return [];
    const text = `${line.terminalId} began ${line.operationId} at ${iso(line.at)}, ${unknown}`;
    return [{ promise: "closed_knowingly" as const, operationId: line.operationId, text }];
  });
}

function whyUnknown(index: Indexed, last: { operationId: string; at: Instant }, line: Line<"began">) {
  const accepted = Math.min(acceptance(index, line.operationId).to, line.at);
  if (last.at > accepted) return `accepted before it ended ${last.operationId} at ${iso(last.at)}`;
  const stored = index.rows.get(last.operationId)?.phases?.answered;
  // Accepted in lost seconds: the server knew then what it had to be told again later.
  if (stored === undefined || lostIn(index, line.operationId).length > 0) return undefined;
  return Date.parse(stored) > accepted
    ? `accepted before the server heard of ${last.operationId}, at ${stored}`
    : undefined;
}

/** One idempotency key, one close, even if several operations came of it. */
function requests(wish: string, lines: Line<"began">[]): Violation[] {
  const begun = new Set(lines.flatMap((line) => (line.operation === "end_of_day" ? [line.operationId] : [])));
  if (begun.size < 2) return [];
  return [{ promise: "one_close_per_request", text: `${wish} began the closes ${[...begun].join(", ")}` }];
}

/** Only what the server surely knew counts against it. */
function outOfStep(index: Indexed, { terminalId, entries }: Journal): Violation[] {
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

/** The terminal was told that the server has it, and no going back can have taken it away again. */
function surelyKnown(index: Indexed, operationId: string, at: Instant): boolean {
  const told = Math.max(...(index.held.get(operationId) ?? []).map((line) => line.at).filter((time) => time < at));
  if (told === Number.NEGATIVE_INFINITY) return false;
  return !index.history.lost.some(({ from, to }) => from <= told && to >= told - wordsTakeMs);
}

function givenUp({ history, rows }: Indexed): Violation[] {
  const gaveUp = new Set(
    history.journals.flatMap(({ entries }) =>
      entries.flatMap((one) => (one.reason === "cancelled" ? one.operation_id : [])),
    ),
  );
  return [...rows.values()].flatMap((row) => {
    if (row.operation !== "end_of_day" || row.reason !== "cancelled" || gaveUp.has(row.id)) return [];
    const text = `${row.id} (end_of_day) is cancelled, and ${row.terminal_id} has not given it up`;
    return [{ promise: "cancelled_not_done" as const, operationId: row.id, text }];
  });
}
