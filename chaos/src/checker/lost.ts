import type { Instant, Outcome, Period } from "./history.ts";
import type { Indexed } from "./index.ts";

/** Returns the earliest and latest instant of an acceptance; the latest is infinite if no client got an answer. */
export function acceptance({ rows, accepted }: Indexed, operationId: string): Period {
  const known = accepted.get(operationId);
  const at = rows.get(operationId)?.phases?.accepted ?? known?.operation.phases?.accepted;
  const from = at === undefined ? (known?.sentAt ?? Number.NEGATIVE_INFINITY) : Date.parse(at);
  return { from, to: known?.answeredAt ?? Number.POSITIVE_INFINITY };
}

/** Returns the lost periods that may have removed the operation, because it may have been accepted in them. */
export function lostIn(index: Indexed, operationId: string): Period[] {
  const accepted = acceptance(index, operationId);
  return index.history.lost.filter((time) => overlap(time, accepted));
}

/** Whether a state seen in this period may have been lost. */
export function isInDoubt({ history }: Indexed, seen: Period): boolean {
  return history.lost.some((time) => overlap(time, seen));
}

/** Returns the end of the last lost period before `at`, or minus infinity. */
export function lastReturn({ history }: Indexed, at: Instant): Instant {
  return history.lost.reduce((last, { to }) => (to <= at ? Math.max(last, to) : last), Number.NEGATIVE_INFINITY);
}

/** Returns the ids of operations that were accepted in a lost period and are not in the database. */
export function lostOperations(index: Indexed): string[] {
  return [...index.accepted.keys()].filter((id) => !index.rows.has(id) && lostIn(index, id).length > 0);
}

/**
 * Whether the outcome names a log that was uploaded in a lost period. The server rejects a result whose log it does not
 * hold, so the operation keeps its state or stays lost.
 */
export function namesLostLog(index: Indexed, { status, result }: Outcome): boolean {
  const { log_id: log } = (status === "COMPLETED" ? (result ?? {}) : {}) as { log_id?: string };
  // A UUID of version 7 begins with milliseconds since 1970.
  const madeAt = Number.parseInt((log ?? "").replaceAll("-", "").slice(0, 12), 16);
  return isInDoubt(index, { from: madeAt, to: madeAt });
}

function overlap(a: Period, b: Period): boolean {
  return a.from <= b.to && b.from <= a.to;
}
