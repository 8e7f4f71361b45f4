import type { ClosingReason, ClosingState, ClosingTerminalState } from "@tillkeeper/contract/closings/states";
import type { ReportChange } from "@tillkeeper/contract/http/closing-reports";
import type { Comparison } from "@tillkeeper/contract/http/closing-schemas";
import { closingStateWords, reasonWords, terminalStateWords } from "@tillkeeper/words/reasons";
import { figureWords, reportWords as words } from "@tillkeeper/words/report";
import { html, type Markup } from "./html.ts";
import type { ReportRow } from "./queries.ts";
import { isFigure, type Writing } from "./writing.ts";

/** What a correction changed, line by line. */
export function changesOf({ changes }: ReportRow, writing: Writing): Markup {
  const lines = changes.flatMap((change) => lineOf(change, writing) ?? []);
  if (lines.length === 0) return html``;
  return html`<section><h2>${writing.say(words.changed)}</h2><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul></section>`;
}

function lineOf(
  { what, terminal_id: terminal, currency, from, to }: ReportChange,
  writing: Writing,
): string | undefined {
  const label = labelOf(what, writing);
  // Ids and digests say nothing to a person; the list of reports has them.
  if (label === undefined) return undefined;
  const about = [terminal, currency].filter((part) => part !== undefined);
  const [before, after] = [from, to].map((value) => valueOf(what, value, currency, writing));
  return `${about.length > 0 ? `${about.join(" ")}, ` : ""}${label}: ${before} → ${after}`;
}

function labelOf(what: string, { say }: Writing): string | undefined {
  if (isFigure(what)) return say(figureWords[what]);
  const labels: Record<string, string> = {
    state: say(words.state),
    comparison: say(words.till),
    batches_without_totals: say(words.withoutTotals),
    batches_count: say(words.batches),
    terminal_state: say(words.status),
  };
  return labels[what];
}

function valueOf(
  what: string,
  value: string | number | undefined,
  currency: string | undefined,
  writing: Writing,
): string {
  const { say } = writing;
  if (value === undefined) return say(words.none);
  if (typeof value === "number")
    return isFigure(what) ? writing.figure(what, value, currency ?? "") : writing.count(value);
  if (what === "state") return say(closingStateWords[value as ClosingState]);
  if (what === "terminal_state") return say(terminalStateWords[value as ClosingTerminalState]);
  if (what === "reason") return say(reasonWords[value as ClosingReason]);
  return what === "comparison" ? say(words[value as Comparison["state"]]) : value;
}
