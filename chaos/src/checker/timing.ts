import { iso } from "./acceptance.ts";
import type { Instant, SeenOperation, Violation } from "./history.ts";
import { acceptedBy, type Indexed, sightings } from "./index.ts";
import { lastReturn } from "./lost.ts";
import { timeWithin } from "./uptime.ts";

/** The longest that an operation may be PENDING after its deadline, in milliseconds of server uptime (D16). */
const promisedMs = 1_000;
/** Inaccuracy of the uptime in milliseconds: health is polled ten times a second, and each poll takes a while. */
export const slackMs = 300;

/** Checks that no terminal had two PENDING operations, and that no operation was PENDING too long. */
export function checkTiming(index: Indexed): Violation[] {
  return [
    ...index.history.doubles.map(({ at, terminalId, pending }) => ({
      promise: "one_pending" as const,
      text: `at ${iso(at)} the database held ${pending} PENDING operations of ${terminalId}`,
    })),
    ...[...Map.groupBy(index.history.rows, (row) => row.terminal_id).values()].flatMap((rows) =>
      checkOnePending(index, rows),
    ),
    ...index.history.rows.flatMap((row) => checkEndedInTime(index, row)),
  ];
}

interface PendingPeriod {
  row: SeenOperation;
  from: Instant;
  to: Instant;
}

function checkOnePending(index: Indexed, rows: SeenOperation[]): Violation[] {
  const certain = rows.flatMap((row) => certainlyPending(index, row)).sort((a, b) => a.from - b.from);
  let longest: PendingPeriod | undefined;
  return certain.flatMap((entry) => {
    const other = longest;
    if (!other || entry.to > other.to) longest = entry;
    if (!other || entry.from >= other.to) return [];
    const until = iso(Math.min(entry.to, other.to));
    const text = `${other.row.id} and ${entry.row.id} of ${entry.row.terminal_id} were both PENDING from ${iso(entry.from)} to ${until}`;
    return [{ promise: "one_pending" as const, operationId: entry.row.id, text }];
  });
}

/**
 * Returns a period in which the operation was certainly PENDING. It runs from the first record of the operation to the
 * last record that must precede its end. The database's timestamps cannot serve: the server takes them before it sends
 * the statement, which a fault may delay for seconds.
 */
function certainlyPending(index: Indexed, row: SeenOperation): PendingPeriod[] {
  // While a recovered operation was lost, the server could accept another operation.
  if (row.recovered) return [];
  const looks = sightings(index, row.id).filter(({ seen }) => seen.status === "PENDING");
  const known = [
    ...(index.creationsOf.get(row.parameters?.operator_id ?? "") ?? [])
      .filter((creation) => acceptedBy(creation)?.id === row.id)
      .map(({ answeredAt }) => answeredAt),
    ...looks.map(({ look }) => look.answeredAt),
    ...(index.begun.get(row.id) ?? []).map(({ at }) => at),
  ];
  const stillPending = [...looks.map(({ look }) => look.sentAt), ...beforeTheEnd(index, row)];
  const [from, to] = [Math.min(...known), Math.max(...stillPending)];
  return from < to ? [{ row, from, to }] : [];
}

function beforeTheEnd(index: Indexed, row: SeenOperation): Instant[] {
  if (row.status === "PENDING") return [index.history.rowsReadAt];
  if (row.status === "TIMEOUT") return [Date.parse(row.deadline)];
  // A cancelled operation, or one with a late result, ended independently of its terminal's work.
  if (row.late_result || row.reason === "cancelled") return [];
  return (index.ended.get(row.id) ?? []).map(({ at }) => at);
}

function checkEndedInTime(index: Indexed, row: SeenOperation): Violation[] {
  const { waitedMs, last } = overtime(index, row);
  if (waitedMs <= promisedMs + slackMs) return [];
  const seconds = (waitedMs / 1000).toFixed(1);
  const text = `${row.id} (${row.status}), deadline ${row.deadline}, was PENDING at ${iso(last)}: after ${seconds} s of uptime`;
  return [{ promise: "ended_in_time", operationId: row.id, text }];
}

/**
 * Returns how long after its deadline the operation was last recorded as PENDING, in milliseconds of server uptime, and
 * the instant of that record.
 */
export function overtime(index: Indexed, row: SeenOperation): { waitedMs: number; last: Instant } {
  const { uptime, rowsReadAt } = index.history;
  const seen = sightings(index, row.id);
  const pending = seen.filter((sighting) => sighting.seen.status === "PENDING").map(({ look }) => look.sentAt);
  if (row.status === "PENDING") pending.push(rowsReadAt);
  // `updated_at` is taken before the commit and rounded down to seconds: never after the end. A late result moves it.
  else if (!row.late_result && !row.recovered) pending.push(Date.parse(row.updated_at));
  const deadline = Date.parse(row.deadline);
  return pending
    .map((last) => {
      // An earlier end of the operation may have been lost.
      const from = Math.max(deadline, lastReturn(index, last));
      return { waitedMs: timeWithin(uptime, from, last), last };
    })
    .reduce((longest, one) => (one.waitedMs > longest.waitedMs ? one : longest), { waitedMs: 0, last: deadline });
}
