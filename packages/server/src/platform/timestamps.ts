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

const keptForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/;

/** Normalizes a valid date-time from outside to the form that is stored and shown: UTC, to the second or to the millisecond. */
export function normalTime(text: string): string {
  return keptForm.test(text) ? text : new Date(text).toISOString().replace(".000Z", "Z");
}

/**
 * The first instant after the time that a caller names as the end of a span. A time without a fraction stands for its whole second,
 * as answers show it: so a row is found by the very time that is shown of it, though more is stored.
 */
export function endOfNamed(text: string): Date {
  return new Date(Date.parse(text) + (text.includes(".") ? 1 : 1_000));
}
