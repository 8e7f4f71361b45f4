/**
 * Documented date-times have whole seconds (`2026-06-29T09:00:00Z`), because a client may parse exactly the form that
 * the public pages show.
 */
export function documentedTime(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** Date-times beyond the documentation (deadlines, phases) have milliseconds. */
export function preciseTime(at: Date): string {
  return at.toISOString();
}
