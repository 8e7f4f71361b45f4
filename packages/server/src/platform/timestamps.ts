/**
 * Documented date-times carry whole seconds (`2026-06-29T09:00:00Z`): a client that parses exactly what the public pages
 * show must be able to read ours.
 */
export function documentedTime(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** Date-times that are ours (deadlines, phases) carry milliseconds. */
export function preciseTime(at: Date): string {
  return at.toISOString();
}
