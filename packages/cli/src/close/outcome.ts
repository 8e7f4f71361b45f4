import type {
  Closing,
  ClosingPreview,
  ClosingTerminal,
  ClosingTotals,
} from "@tillkeeper/contract/http/closing-schemas";
import { colours } from "../colours.ts";
import { columns } from "../columns.ts";
import { formatAmount } from "../money.ts";
import { coloured, printable } from "../output/cells.ts";
import { outputWidth, wrapped } from "../output/screen.ts";
import { rowOf } from "./terminal-row.ts";

/** Prints a closing: its state, its terminals, the sums of each currency, and the next step at each terminal that needs one. */
export function printClosing(closing: Closing): void {
  console.log(colours.bold(`${closing.store_id}, ${closing.business_day}`));
  printText(closing.text);
  console.log(
    columns(
      closing.terminals.map((terminal) => rowOf(terminal).map(coloured)),
      "  ",
    ).join("\n"),
  );
  for (const totals of closing.totals) printTotals(totals);
  const silent = closing.batches_without_totals ?? 0;
  if (silent > 0) printText(`Without figures: ${counted(silent, "batch", "batches")}.`);
  if (closing.comparison) printComparison(closing.comparison);
  printSteps(closing.terminals);
  for (const { business_day: day, terminals } of closing.also_open ?? []) {
    printText(`${day} is open, too, at ${terminals.join(", ")}: close it with --day ${day}.`);
  }
}

/** Prints what a closing would do. */
export function printPreview(preview: ClosingPreview): void {
  console.log(colours.bold(`${preview.store_id}, ${preview.business_day}`));
  printText(preview.text);
  const rows = preview.terminals.map(({ terminal_id: id, would, reason, open_batch: batch }) => {
    const count = batch?.transactions_count;
    return [
      id,
      would,
      ...(reason === undefined ? [""] : [reason]),
      count === undefined ? "" : counted(count, "transaction"),
    ];
  });
  console.log(columns(rows, "  ").join("\n"));
  for (const { currency, sale_amount: amount } of preview.open) {
    if (amount !== undefined) console.log(`In open batches: ${formatAmount(amount, currency)}`);
  }
  printSteps(preview.terminals);
}

function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

function printText(text: string): void {
  console.log(wrapped(printable(text), outputWidth() ?? Number.POSITIVE_INFINITY).join("\n"));
}

function printTotals({ currency, batches_count: batches, ...totals }: ClosingTotals): void {
  const figures = [
    ["sales", totals.sale_amount],
    ["tips", totals.tip_amount],
    ["purchases", totals.purchases_amount, totals.purchases_count],
    ["reversals", totals.reversals_amount, totals.reversals_count],
  ] as const;
  console.log(`${currency}, ${counted(batches, "batch", "batches")}`);
  const rows = figures.flatMap(([name, amount, count]) =>
    amount === undefined ? [] : [[name, formatAmount(amount, currency), count === undefined ? "" : `${count}`]],
  );
  const amountWidth = Math.max(...rows.map(([, amount = ""]) => amount.length), 0);
  console.log(
    columns(
      rows.map(([name = "", amount = "", count = ""]) => [name, amount.padStart(amountWidth), count]),
      "  ",
    ).join("\n"),
  );
  if (totals.incomplete) printText(`Not every batch tells ${totals.incomplete.join(", ")}.`);
}

function printComparison({ state, differences }: NonNullable<Closing["comparison"]>): void {
  console.log(`The till's figures: ${coloured(state)}`);
  for (const { currency, figure, expected, actual, difference } of differences) {
    const told = actual === undefined ? "not told" : String(actual);
    const by = difference === undefined ? "" : ` (${difference > 0 ? "+" : ""}${difference})`;
    console.log(`  ${currency} ${figure}: expected ${expected}, terminals ${told}${by}`);
  }
}

function printSteps(terminals: readonly Pick<ClosingTerminal, "terminal_id" | "next_step_text">[]): void {
  for (const { terminal_id: id, next_step_text: text } of terminals) {
    if (text === undefined) continue;
    const width = outputWidth() ?? Number.POSITIVE_INFINITY;
    console.log([`${id}:`, ...wrapped(text, width, "  ")].join("\n"));
  }
}
