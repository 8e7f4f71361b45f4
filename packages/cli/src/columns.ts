import { stripVTControlCharacters } from "node:util";

/** Rows as lines. Each cell but the last is as wide as the widest cell of its column; colour codes take no width. */
export function columns(rows: readonly (readonly string[])[], indent = ""): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  }
  return rows.map((row) => {
    const cells = row.map((cell, index) => cell + " ".repeat((widths[index] ?? 0) - width(cell)));
    return `${indent}${cells.join("  ")}`.trimEnd();
  });
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
