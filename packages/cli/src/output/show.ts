import { stripVTControlCharacters } from "node:util";
import { colours } from "../colours.ts";
import { columns } from "../columns.ts";
import { cellOf, coloured, fieldOf } from "./cells.ts";
import { outputWidth, say, wrapped } from "./screen.ts";

const gap = 2;
/** So many fields are shown of things that have no columns of their own. */
const usualColumns = 6;

/** Prints JSON: over several lines for a person at a terminal, in one line for a program. */
export function showJson(value: unknown): void {
  console.log(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

/** Prints a list as a table. On a terminal that is too narrow the last columns are left out, which is said. */
export function showList(items: readonly unknown[], names: readonly string[] | undefined): void {
  if (items.length === 0) return say("There are none.");
  const used = (names ?? namesOf(items)).filter(
    (name, index) => index === 0 || items.some((item) => isGiven(item, name)),
  );
  const shown = fitting(items, used);
  const left = used.filter((name) => !shown.includes(name));
  const head = shown.map((name) => colours.dim(name.toUpperCase()));
  console.log(
    columns([head, ...items.map((item) => shown.map((name) => coloured(cellOf(fieldOf(item, name)))))]).join("\n"),
  );
  if (left.length > 0) say(`Too narrow for ${left.join(", ")}; --json has all.`);
}

/** Prints one thing: a line for each field, with those of objects below them. */
export function showRecord(value: unknown): void {
  if (typeof value !== "object" || value === null) return console.log(String(value));
  const rows = rowsOf(value);
  const nameWidth = Math.max(...rows.map(([name]) => name.length), 0);
  const width = outputWidth();
  for (const [name, text] of rows) {
    const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(width - nameWidth - gap, 20);
    const [first = "", ...further] = wrapped(text, room);
    console.log(`${colours.dim(name.padEnd(nameWidth))}  ${coloured(first)}`.trimEnd());
    for (const line of further) console.log(`${" ".repeat(nameWidth + gap)}${line}`);
  }
}

function rowsOf(value: object, prefix = ""): [name: string, text: string][] {
  return Object.entries(value).flatMap(([key, field]): [string, string][] => {
    const name = `${prefix}${key}`;
    const isList = Array.isArray(field) && field.some((item) => typeof item === "object");
    if (typeof field === "object" && field !== null && (isList || !Array.isArray(field))) {
      return Object.keys(field).length === 0 ? [[name, isList ? "" : "{}"]] : rowsOf(field, `${name}.`);
    }
    return [[name, cellOf(field)]];
  });
}

function namesOf(items: readonly unknown[]): string[] {
  const names = new Set(
    items.flatMap((item) =>
      Object.entries(item as object)
        .filter(isPlain)
        .map(([name]) => name),
    ),
  );
  return [...names].slice(0, usualColumns);
}

function isPlain([, value]: [string, unknown]): boolean {
  return typeof value !== "object";
}

function isGiven(item: unknown, name: string): boolean {
  return cellOf(fieldOf(item, name)) !== "";
}

function fitting(items: readonly unknown[], names: readonly string[]): readonly string[] {
  const width = outputWidth();
  if (width === undefined) return names;
  let used = -gap;
  const fits = names.findIndex((name) => {
    const cells = items.map((item) => stripVTControlCharacters(cellOf(fieldOf(item, name))).length);
    used += gap + Math.max(name.length, ...cells);
    return used > width;
  });
  return fits === -1 ? names : names.slice(0, Math.max(fits, 1));
}
