import { iso } from "./acceptance.ts";
import type { Instant, SeenOperation, Violation } from "./history.ts";
import { acceptedBy, type Indexed, sightings } from "./index.ts";
import { lastReturn } from "./lost.ts";
import { timeWithin } from "./uptime.ts";

/** How long after its deadline an operation may still be PENDING, in server uptime (D16). */
const promisedMs = 1_000;
/** Health is looked at ten times a second, and a look takes its time: uptime is known no better than this. */
export const slackMs = 300;

/** Never two PENDING operations of a terminal, and none that is PENDING for too long. */
export function checkTiming(index: Indexed): Violation[] {
  return [
    ...index.history.doubles.map(({ at, terminalId, pending }) => ({
      promise: "one_pending" as const,
      text: `at ${iso(at)} the database held ${pending} PENDING operations of ${terminalId}`,
    })),
    ...[...Map.groupBy(index.history.rows, (row) => row.terminal_id).values()].flatMap((rows) => overlaps(index, rows)),
    ...index.history.rows.flatMap((row) => lateness(index, row)),
  ];
}

interface Certain {
  row: SeenOperation;
  from: Instant;
  to: Instant;
}

function overlaps(index: Indexed, rows: SeenOperation[]): Violation[] {
  const certain = rows.flatMap((row) => surelyPending(index, row)).sort((a, b) => a.from - b.from);
  let longest: Certain | undefined;
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
 * A time through which the operation was PENDING without any doubt. The database's own timestamps will not do: they are
 * taken before the statement that carries them is sent, and a fault may hold that up for seconds. So it begins when
 * somebody learnt of the operation, and ends when something was seen that must have come before its end.
 */
function surelyPending(index: Indexed, row: SeenOperation): Certain[] {
  // While the database did not know of it, it took another one.
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
  // The end of one that was cancelled, or answered late, has nothing to do with when its terminal was done.
  if (row.late_result || row.reason === "cancelled") return [];
  return (index.ended.get(row.id) ?? []).map(({ at }) => at);
}

function lateness(index: Indexed, row: SeenOperation): Violation[] {
  const { waitedMs, last } = overtime(index, row);
  if (waitedMs <= promisedMs + slackMs) return [];
  const seconds = (waitedMs / 1000).toFixed(1);
  const text = `${row.id} (${row.status}), deadline ${row.deadline}, was PENDING at ${iso(last)}: after ${seconds} s of uptime`;
  return [{ promise: "ended_in_time", operationId: row.id, text }];
}

/**
 * How long after its deadline the operation was still PENDING, in milliseconds of server uptime, as far as anybody saw,
 * and when that was.
 */
export function overtime(index: Indexed, row: SeenOperation): { waitedMs: number; last: Instant } {
  const { uptime, rowsReadAt } = index.history;
  const seen = sightings(index, row.id);
  const pending = seen.filter((sighting) => sighting.seen.status === "PENDING").map(({ look }) => look.sentAt);
  if (row.status === "PENDING") pending.push(rowsReadAt);
  // Whole seconds, rounded down, and taken before the ending commits: never later than the end. A late answer moves it.
  else if (!row.late_result && !row.recovered) pending.push(Date.parse(row.updated_at));
  const deadline = Date.parse(row.deadline);
  return pending
    .map((last) => {
      // Whatever had ended it before may be lost.
      const from = Math.max(deadline, lastReturn(index, last));
      return { waitedMs: timeWithin(uptime, from, last), last };
    })
    .reduce((longest, one) => (one.waitedMs > longest.waitedMs ? one : longest), { waitedMs: 0, last: deadline });
}
