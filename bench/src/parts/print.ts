/** Prints rows as columns: the first column is text, aligned left; the other columns are figures, aligned right. */
export function printTable(head: string[], rows: string[][]): void {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (row: string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
  for (const row of [head, widths.map((width) => "-".repeat(width)), ...rows]) console.log(`  ${line(row).join("  ")}`);
  console.log();
}

/** Formats a number rounded to an integer, with thousands separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Formats milliseconds: two decimals below 10, otherwise one. */
export function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

/** Prints a result, such as a ratio or a latency, with its aim and whether it is met. */
export function printAim(what: string, value: string, aim: string, met: boolean): void {
  console.log(`  ${what}: ${value} (aim ${aim}: ${met ? "met" : "MISSED"})`);
}
