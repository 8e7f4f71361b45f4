import { Set as setFormat } from "typebox/format";

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const dateTimeForm =
  /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** The plain form with four hyphens; libraries also accept `urn:uuid:…`, which the database does not. */
export function isUuid(text: string): boolean {
  return uuidForm.test(text);
}

/**
 * RFC 3339 with a zone, of the years 1 to 9999; the letters in either case, as its section 5.6 allows. Libraries also accept leap
 * seconds, zones in brackets and offsets without minutes, which neither JavaScript nor PostgreSQL can read. JavaScript
 * reads 30 February as a day in March, and 24:00 as the next day, which is ISO 8601 and not RFC 3339.
 */
export function isDateTime(text: unknown): boolean {
  if (typeof text !== "string") return false;
  const [, ...date] = dateTimeForm.exec(text) ?? [];
  const [year, month, day] = date.map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const spoken = new Date(text).getUTCFullYear();
  return spoken >= 1 && spoken <= 9999 && day <= daysIn(year, month);
}

/** A date of the calendar, as RFC 3339 writes it: YYYY-MM-DD. */
export function isDate(text: unknown): boolean {
  return typeof text === "string" && text.length === 10 && isDateTime(`${text}T00:00:00Z`);
}

function daysIn(year: number, month: number): number {
  // Day 0 of the next month. `Date.UTC` adds a century to years below 100; 400 years later the calendar is equal.
  return new Date(Date.UTC(year < 100 ? year + 400 : year, month, 0)).getUTCDate();
}

/**
 * Registers the formats with TypeBox, which checks messages from terminals, so that they mean what they mean to Ajv.
 */
export function registerFormats(): void {
  setFormat("uuid", isUuid);
  setFormat("date-time", isDateTime);
  setFormat("date", isDate);
}
