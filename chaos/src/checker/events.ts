import { readEventId } from "@tillkeeper/contract/events";
import type { History, KeptEvent, SeenOperation, SeenStream, StreamLine, Violation } from "./history.ts";
import type { Indexed } from "./index.ts";

/** Checks what others heard: the events in the database, and the streams. */
export function checkEvents({ history }: Indexed): Violation[] {
  const kept = Map.groupBy(history.events, ({ accountId }) => accountId);
  return [
    ...[...kept].flatMap(([accountId, events]) => checkPositions(accountId, events)),
    ...checkChanges(history),
    ...checkWebhooks(history),
    ...history.streams.flatMap((stream) => checkStream(stream, kept.get(stream.accountId) ?? [], history)),
  ];
}

function positionOf(id: string): number {
  return readEventId(id)?.position ?? 0;
}

function checkPositions(accountId: string, events: readonly KeptEvent[]): Violation[] {
  const wrong = events.findIndex(({ id }, index) => positionOf(id) !== index + 1);
  if (wrong < 0) return [];
  const text = `${accountId}: event ${wrong + 1} of the account is ${events[wrong]?.id}`;
  return [{ promise: "positions_without_gap", text }];
}

function checkChanges({ events, rows }: History): Violation[] {
  const bySubject = Map.groupBy(events, ({ subject }) => subject);
  return rows.flatMap((row) => {
    const causes = (bySubject.get(row.id) ?? []).map(({ cause }) => cause);
    return causesOf(row).flatMap((allowed): Violation[] => {
      const told = causes.filter((cause) => allowed.includes(cause)).length;
      if (told === 1) return [];
      const text = `${row.id} has ${told} events that say ${allowed.join(" or ")}: ${causes.join(", ") || "none"}`;
      return [{ promise: "changes_have_events", text, operationId: row.id }];
    });
  });
}

/** The causes of which an operation needs one event each. One that was found again needs that of its return alone. */
function causesOf({ status, recovered, late_result: late }: SeenOperation): string[][] {
  if (recovered) return [["recovered"]];
  return [["accepted"], ...(status === "PENDING" ? [] : [["ended"]]), ...(late ? [["late_result"]] : [])];
}

function checkStream({ accountId, lines }: SeenStream, kept: readonly KeptEvent[], { lost }: History): Violation[] {
  const found: Violation[] = [];
  const seen = new Set<string>();
  let last = 0;
  for (const line of lines) {
    const position = positionOf(line.id);
    if (line.type === "reset") {
      const hasReason = lost.some(({ from }) => from <= line.at);
      if (!hasReason) found.push({ promise: "reset_for_a_reason", text: `${accountId}: reset at ${line.id}` });
    } else {
      if (seen.has(line.id)) found.push(broken(accountId, `told ${line.id} twice`));
      if (position !== last + 1) found.push(broken(accountId, `told ${line.id} after position ${last}`));
      seen.add(line.id);
    }
    last = position;
  }
  return [...found, ...missingAtEnd(accountId, { lines, kept, seen })];
}

/** Behind the last reset everything that is kept was told; before it, what a reset passed over is in the state that was read anew. */
function missingAtEnd(
  accountId: string,
  { lines, kept, seen }: { lines: readonly StreamLine[]; kept: readonly KeptEvent[]; seen: ReadonlySet<string> },
): Violation[] {
  const from = positionOf(lines.findLast(({ type }) => type === "reset")?.id ?? "");
  const missing = kept.filter(({ id }) => positionOf(id) > from && !seen.has(id));
  if (missing.length === 0) return [];
  return [broken(accountId, `did not tell ${missing.length} events, of which the first is ${missing[0]?.id}`)];
}

function checkWebhooks({ events, received, subscribed }: History): Violation[] {
  const had = new Set(received.map(({ accountId, id }) => `${accountId} ${id}`));
  const missing = events.filter(({ accountId, id }) => {
    const after = subscribed.get(accountId);
    return after !== undefined && positionOf(id) > after && !had.has(`${accountId} ${id}`);
  });
  const unsigned = received.filter(({ signed }) => !signed);
  return [
    ...missing.map(({ accountId, id, type }) => ({
      promise: "webhooks_come" as const,
      text: `${accountId}: ${id}, ${type}, did not come`,
    })),
    ...unsigned.map(({ accountId, id }) => ({
      promise: "webhooks_come" as const,
      text: `${accountId}: ${id} came with a wrong signature`,
    })),
  ];
}

function broken(accountId: string, text: string): Violation {
  return { promise: "streams_are_whole", text: `${accountId}: the stream ${text}` };
}
