import type { ReportWidth } from "@tillkeeper/contract/http/closing-reports";
import type { Language } from "@tillkeeper/words/languages";
import { closingStateWords } from "@tillkeeper/words/reasons";
import { reportWords as words } from "@tillkeeper/words/report";
import { changesOf } from "./changes.ts";
import { html, type Markup } from "./html.ts";
import type { ShownReport } from "./make.ts";
import { comparisonOf, terminalsOf, totalsOf } from "./sections.ts";
import { styleOf } from "./style.ts";
import { type Writing, writingOf } from "./writing.ts";

/** A report as a page to print: no scripts, nothing from elsewhere. */
export function pageOf(report: ShownReport, { language, width }: { language: Language; width: ReportWidth }): string {
  const { body } = report;
  const writing = writingOf(language, { country: body.country, timeZone: body.closing.time_zone });
  const { say } = writing;
  const { closing } = body;
  const name = body.store_name ?? closing.store_id;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${say(words.title)} ${closing.business_day} – ${name}</title>
<style>${styleOf(width).markup}</style>
</head>
<body>
<main>
${headOf(report, writing, name)}
${report.head && report.head.corrects !== null && changesOf(report.head, writing)}
<p class="state ${closing.state}">${say(closingStateWords[closing.state])}</p>
${totalsOf(body, writing, width)}
${comparisonOf(closing, writing)}
${terminalsOf(body, writing, width)}
${footOf(report, writing)}
</main>
</body>
</html>
`.text;
}

function headOf(
  { head, body: { closing, store_name: storeName } }: ShownReport,
  writing: Writing,
  name: string,
): Markup {
  const { say } = writing;
  const number = head ? `${say(words.number)} ${head.number}` : say(words.provisional);
  return html`<header>
<h1>${say(words.title)}</h1>
<p class="number">${number}</p>
${head && head.corrects !== null && html`<p class="notice">${say(words.correction)} ${head.corrects}</p>`}
${!head && html`<p class="notice">${say(words.provisionalMeaning)}</p>`}
<dl class="facts">
<div><dt>${say(words.store)}</dt><dd>${name}${storeName !== null && html` (${closing.store_id})`}</dd></div>
<div><dt>${say(words.businessDay)}</dt><dd>${writing.day(closing.business_day)}</dd></div>
<div><dt>${say(words.from)}</dt><dd>${writing.instant(closing.day_starts_at)}</dd></div>
<div><dt>${say(words.until)}</dt><dd>${writing.instant(closing.day_ends_at)}</dd></div>
</dl>
</header>`;
}

function footOf({ head, at, body: { closing } }: ShownReport, writing: Writing): Markup {
  const { say } = writing;
  return html`<footer>
<p class="signature">${say(words.signature)}</p>
<dl class="facts small">
${head && html`<div><dt>${say(words.number)}</dt><dd>${head.number}</dd></div>`}
<div><dt>${say(words.made)}</dt><dd>${writing.instant(at)}</dd></div>
<div><dt>${say(words.closing)}</dt><dd>${closing.id}</dd></div>
${head && html`<div><dt>${say(words.fingerprint)}</dt><dd>${head.sha256}</dd></div>`}
</dl>
</footer>`;
}
