import { Set as setFormat } from "typebox/format";

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const dateTimeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

/** The plain form with four hyphens; libraries also take `urn:uuid:…`, which the database does not. */
export function isUuid(text: string): boolean {
  return uuidForm.test(text);
}

/**
 * RFC 3339 with a zone, of the years 1 to 9999. Libraries let more through — leap seconds, zones in brackets, offsets
 * without minutes — that neither JavaScript nor PostgreSQL can read.
 */
export function isDateTime(text: string): boolean {
  if (!dateTimeForm.test(text)) return false;
  const year = new Date(text).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** For messages from terminals, which TypeBox checks: the same words mean the same there. */
export function registerFormats(): void {
  setFormat("uuid", isUuid);
  setFormat("date-time", isDateTime);
}
