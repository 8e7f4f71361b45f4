import { colours } from "../colours.ts";

/** How statuses of all nouns are coloured. A word that is not here has no colour. */
const good = new Set("ACTIVE COMPLETED closed already_closed online active available accepted SUCCEEDED".split(" "));
const bad = new Set("FAILED ERROR failed offline EXHAUSTED paused not_closed DELETED".split(" "));
const open = new Set(
  "PENDING ACTION_REQUIRED TIMEOUT INACTIVE SUSPENDED running waiting unknown partly_closed late unconfirmed".split(
    " ",
  ),
);

/** A value as a cell of a table: times without parts of a second, objects as JSON. */
export function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) return value.join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  const text = printable(`${value as string | number | boolean}`);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/.test(text) ? text.replace(/\.\d+Z$/, "Z") : text;
}

/** A text without control characters: what a device or a person once sent must not move the cursor. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}

/** A status in its colour. */
export function coloured(text: string): string {
  if (good.has(text)) return colours.green(text);
  if (bad.has(text)) return colours.red(text);
  return open.has(text) ? colours.yellow(text) : text;
}

/** The field at a path with dots. */
export function fieldOf(item: unknown, path: string): unknown {
  let at = item;
  for (const name of path.split(".")) at = (at as Record<string, unknown> | null | undefined)?.[name];
  return at;
}
