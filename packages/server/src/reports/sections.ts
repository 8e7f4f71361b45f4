import type { ReportWidth } from "@tillkeeper/contract/http/closing-reports";
import {
  type Closing,
  type ClosingFigure,
  type ClosingTerminal,
  closingFigureNames,
} from "@tillkeeper/contract/http/closing-schemas";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import { reasonWords, terminalStateWords } from "@tillkeeper/words/reasons";
import { figureWords, reportWords as words } from "@tillkeeper/words/report";
import { stepText } from "@tillkeeper/words/steps";
import type { ReportBody } from "./body.ts";
import { html, type Markup } from "./html.ts";
import type { Writing } from "./writing.ts";

/** The sums of the day, each currency for itself. */
export function totalsOf({ closing }: ReportBody, writing: Writing, width: ReportWidth): Markup {
  const { say } = writing;
  const { totals, batches_without_totals: without } = closing;
  const incomplete = totals.some((total) => total.incomplete !== undefined);
  const figures = totals.map(({ currency, batches_count: count, incomplete: missing = [], ...total }) => ({
    currency,
    cells: [
      { label: say(words.batches), value: writing.count(count) },
      ...closingFigureNames.map((figure) => ({
        label: say(figureWords[figure]),
        value: `${writing.figure(figure, total[figure], currency)}${missing.includes(figure) ? " *" : ""}`,
      })),
    ],
  }));
  const shown =
    width === "80mm"
      ? figures.map(({ currency, cells }) => html`<h3>${currency}</h3>${listOf(cells)}`)
      : html`<table class="figures"><thead><tr><th scope="col">${say(words.currency)}</th>${figures[0]?.cells.map(
          ({ label }) => html`<th scope="col" class="n">${label}</th>`,
        )}</tr></thead>
<tbody>${figures.map(
          ({ currency, cells }) =>
            html`<tr><th scope="row">${currency}</th>${cells.map(({ value }) => html`<td class="n">${value}</td>`)}</tr>`,
        )}</tbody></table>`;
  return html`<section><h2>${say(words.totals)}</h2>
${figures.length > 0 ? shown : html`<p>${say(words.noTotals)}</p>`}
${incomplete && html`<p class="small">${say(words.incomplete)}</p>`}
${without !== undefined && html`<p>${say(words.withoutTotals)}: ${writing.count(without)}</p>`}
</section>`;
}

interface Cell {
  label: string;
  value: string;
}

function listOf(cells: readonly Cell[]): Markup {
  return html`<dl class="list">${cells.map(({ label, value }) => html`<div><dt>${label}</dt><dd class="n">${value}</dd></div>`)}</dl>`;
}

/** The till's own figures beside those of the terminals. */
export function comparisonOf({ comparison }: Closing, writing: Writing): Markup {
  if (!comparison) return html``;
  const { say } = writing;
  const { state, differences } = comparison;
  const rows = differences.map(({ currency, figure, expected, actual, difference }) => {
    const value = (one: number | undefined) => html`<td class="n">${writing.figure(figure, one, currency)}</td>`;
    return html`<tr><th scope="row">${currency} ${say(figureWords[figure])}</th>${value(expected)}${value(actual)}${value(difference)}</tr>`;
  });
  const heads = [words.expected, words.actual, words.difference].map(
    (one) => html`<th scope="col" class="n">${say(one)}</th>`,
  );
  return html`<section><h2>${say(words.till)}</h2><p class="${state}">${say(words[state])}</p>
${
  rows.length > 0 &&
  html`<table><thead><tr><th scope="col">${say(words.figure)}</th>${heads}</tr></thead><tbody>${rows}</tbody></table>`
}
</section>`;
}

type Close = NonNullable<ClosingTerminal["close"]>;

/** Every terminal with its closes, and what a person does about it. */
export function terminalsOf({ closing, batches }: ReportBody, writing: Writing, width: ReportWidth): Markup {
  const { say } = writing;
  const byTerminal = Map.groupBy(batches, ({ terminal_id: id }) => id);
  const entries = closing.terminals.map((terminal) => ({
    terminal,
    closes: byTerminal.get(terminal.terminal_id) ?? [],
  }));
  const title = html`<h2>${say(words.terminals)}</h2>`;
  if (entries.length === 0) return html`<section>${title}<p>${say(words.noTerminals)}</p></section>`;
  if (width === "80mm")
    return html`<section>${title}${entries.map(({ terminal, closes }) => receiptEntry(terminal, closes, writing))}</section>`;
  return html`<section>${title}<table class="figures terminals"><thead><tr>
<th scope="col">${say(words.terminal)}</th><th scope="col">${say(words.batch)}</th>${closingFigureNames.map(
    (figure) => html`<th scope="col" class="n">${say(figureWords[figure])}</th>`,
  )}</tr></thead>
${entries.map(({ terminal, closes }) => tableEntry(terminal, closes, writing))}</table></section>`;
}

/** The state of a terminal with its reason, as a person reads it. */
function standingOf({ state, reason }: ClosingTerminal, { say }: Writing): string {
  return `${say(terminalStateWords[state])}${reason === undefined ? "" : `: ${say(reasonWords[reason])}`}`;
}

function stepOf({ next_step: step }: ClosingTerminal, { language, say }: Writing): Markup {
  return step === undefined ? html`` : html`<p class="todo"><b>${say(words.toDo)}:</b> ${stepText(step, language)}</p>`;
}

function tableEntry(terminal: ClosingTerminal, closes: readonly Close[], writing: Writing): Markup {
  return html`<tbody>
<tr class="standing"><th scope="rowgroup">${terminal.terminal_id}</th><td colspan="7"><span class="${terminal.state}">${standingOf(
    terminal,
    writing,
  )}</span>${stepOf(terminal, writing)}</td></tr>
${closes.map(({ result }) => {
  const { batch_id: batch, currency = "", ...figures }: Partial<EndOfDayResult> = result ?? {};
  return html`<tr><td class="n">${currency}</td><td>${batch}</td>${closingFigureNames.map(
    (figure) => html`<td class="n">${writing.figure(figure, figures[figure], currency)}</td>`,
  )}</tr>`;
})}</tbody>
`;
}

function receiptEntry(terminal: ClosingTerminal, closes: readonly Close[], writing: Writing): Markup {
  return html`<article><h3>${terminal.terminal_id}</h3><p class="${terminal.state}">${standingOf(terminal, writing)}</p>${stepOf(
    terminal,
    writing,
  )}
${closes.map(({ result }) => {
  const { batch_id: batch, currency = "", ...figures }: Partial<EndOfDayResult> = result ?? {};
  const told = closingFigureNames.filter((figure) => figures[figure] !== undefined);
  const cellOf = (figure: ClosingFigure) => ({
    label: writing.say(figureWords[figure]),
    value: writing.figure(figure, figures[figure], currency),
  });
  return html`<p class="batch">${writing.say(words.batch)} ${batch} ${currency}</p>${listOf(told.map(cellOf))}`;
})}</article>
`;
}
