import { currencyExponent } from "@tillkeeper/contract/currencies";
import {
  type ClosingFigure,
  type ClosingTerminal,
  closingFigureNames,
} from "@tillkeeper/contract/http/closing-schemas";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import type { Language } from "@tillkeeper/words/languages";
import { stepText } from "@tillkeeper/words/steps";
import { decimalOf } from "./amounts.ts";
import type { ReportBody } from "./body.ts";
import type { ShownReport } from "./make.ts";

type Batch = ReportBody["batches"][number];
type Close = Omit<Batch, "terminal_id">;
type Cell = string | number | boolean | null | undefined;

const isAmount = (figure: ClosingFigure) => figure.endsWith("_amount");
const figureColumns = closingFigureNames.flatMap((figure) =>
  isAmount(figure) ? [`${figure}_minor`, figure] : [figure],
);

const columns = [
  "account_id",
  "store_id",
  "store_name",
  "business_day",
  "report_number",
  "report_kind",
  "report_made_at",
  "closing_id",
  "closing_state",
  "terminal_id",
  "terminal_state",
  "reason",
  "next_step",
  "next_step_text",
  "close_id",
  "close_status",
  "closed_at",
  "batch_id",
  "outcome",
  "in_totals",
  "currency",
  "exponent",
  ...figureColumns,
];

/** The header row (RFC 4180). */
export const csvHeader = lineOf(columns);

/** The rows of a report: one for each terminal, close and currency; a terminal without a close has one, too. */
export function csvRows({ head, body }: ShownReport, language: Language): string {
  const { closing, store_name: storeName } = body;
  const kind = head ? (head.corrects === null ? "original" : "correction") : "provisional";
  const ofReport: Cell[] = [
    closing.account_id,
    closing.store_id,
    storeName,
    closing.business_day,
    head?.number,
    kind,
    head?.made_at.toISOString(),
    closing.id,
    closing.state,
  ];
  return rowsOf(body)
    .map(({ terminal, close, counts }) =>
      lineOf([...ofReport, ...terminalCells(terminal, language), ...closeCells(close, counts)]),
    )
    .join("");
}

interface Row {
  terminal: ClosingTerminal;
  close?: Close | undefined;
  /** Whether the close is in the totals. */
  counts: boolean;
}

function rowsOf({ closing, batches }: ReportBody): Row[] {
  const byTerminal = Map.groupBy(batches, ({ terminal_id: id }) => id);
  return closing.terminals.flatMap((terminal): Row[] => {
    const counted: Row[] = (byTerminal.get(terminal.terminal_id) ?? []).map((close) => ({
      terminal,
      close,
      counts: true,
    }));
    const { close } = terminal;
    if (close && !counted.some((row) => row.close?.id === close.id))
      return [...counted, { terminal, close, counts: false }];
    return counted.length > 0 ? counted : [{ terminal, counts: false }];
  });
}

function terminalCells(
  { terminal_id: id, state, reason, next_step: step }: ClosingTerminal,
  language: Language,
): Cell[] {
  return [id, state, reason, step, step && stepText(step, language)];
}

function closeCells(close: Close | undefined, counts: boolean): Cell[] {
  const result: Partial<EndOfDayResult> = close?.result ?? {};
  const { currency, batch_id, outcome, ...figures } = result;
  const exponent = currency === undefined ? undefined : currencyExponent(currency);
  return [
    close?.id,
    close?.status,
    close?.created_at,
    batch_id,
    outcome,
    counts,
    currency,
    exponent,
    ...closingFigureNames.flatMap((figure): Cell[] => {
      const value = figures[figure];
      if (!isAmount(figure)) return [value];
      return [value, value === undefined || exponent === undefined ? undefined : decimalOf(value, exponent)];
    }),
  ];
}

function lineOf(cells: readonly Cell[]): string {
  return `${cells.map(cellOf).join(",")}\r\n`;
}

const isNumber = /^-?\d+(?:\.\d+)?$/;

/** Programs for tables run cells that begin with certain characters as formulas; an apostrophe before them makes them text. */
function cellOf(cell: Cell): string {
  const text = cell === null || cell === undefined ? "" : String(cell);
  const harmless = /^[=+\-@\t\r\n]/.test(text) && !isNumber.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
