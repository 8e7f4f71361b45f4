import type { Instant, Outcome, Period } from "./history.ts";
import type { Indexed } from "./index.ts";

/** When an operation was accepted: not before, and not after. Nobody may have been told of it: then the end is open. */
export function acceptance({ rows, accepted }: Indexed, operationId: string): Period {
  const known = accepted.get(operationId);
  const at = rows.get(operationId)?.phases?.accepted ?? known?.operation.phases?.accepted;
  const from = at === undefined ? (known?.sentAt ?? Number.NEGATIVE_INFINITY) : Date.parse(at);
  return { from, to: known?.answeredAt ?? Number.POSITIVE_INFINITY };
}

/** The times that may have taken it away, because it was accepted in them. */
export function lostIn(index: Indexed, operationId: string): Period[] {
  const accepted = acceptance(index, operationId);
  return index.history.lost.filter((time) => overlap(time, accepted));
}

/** What was seen in that time may have been lost. */
export function isInDoubt({ history }: Indexed, seen: Period): boolean {
  return history.lost.some((time) => overlap(time, seen));
}

/** Since when, before that instant, the database has not gone back. */
export function lastReturn({ history }: Indexed, at: Instant): Instant {
  return history.lost.reduce((last, { to }) => (to <= at ? Math.max(last, to) : last), Number.NEGATIVE_INFINITY);
}

/** Operations that were accepted, are gone, and were not begun either: the lost seconds alone knew of them. */
export function lostOperations(index: Indexed): string[] {
  return [...index.accepted.keys()].filter((id) => !index.rows.has(id) && lostIn(index, id).length > 0);
}

/**
 * The lost seconds alone knew of the log that it sent. The server takes nobody's word for a log: it rejects the result, and
 * the operation stays as it is, or lost.
 */
export function namesLostLog(index: Indexed, { status, result }: Outcome): boolean {
  const { log_id: log } = (status === "COMPLETED" ? (result ?? {}) : {}) as { log_id?: string };
  // A UUID of version 7 begins with the milliseconds.
  const madeAt = Number.parseInt((log ?? "").replaceAll("-", "").slice(0, 12), 16);
  return isInDoubt(index, { from: madeAt, to: madeAt });
}

function overlap(a: Period, b: Period): boolean {
  return a.from <= b.to && b.from <= a.to;
}
