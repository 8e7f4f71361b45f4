import type { Language } from "@tillkeeper/words/languages";
import { closedByNow, mailSubject, mailWords, notClosed, perhapsNotClosed } from "@tillkeeper/words/mail";
import { doingText } from "@tillkeeper/words/mail-steps";
import { reasonWords, terminalStateWords } from "@tillkeeper/words/reasons";
import { reportWords } from "@tillkeeper/words/report";
import type { OpenTerminal, UnclosedDay } from "../closings/standing/unclosed.ts";
import type { AddressedStore } from "../merchants/stores/addressed.ts";
import { html, type Markup } from "../reports/html.ts";
import { writingOf } from "../reports/writing.ts";
import { documentOf } from "./document.ts";

/** What a mail tells of. */
export interface Telling {
  language: Language;
  store: AddressedStore;
  /** YYYY-MM-DD. */
  day: string;
  stands: UnclosedDay;
}

/** What a mail and the page behind its link say of a day. */
interface Said {
  subject: string;
  sentence: string;
  /** What follows from it; nothing of a day that is closed by now. */
  remarks: string[];
  terminals: { head: string; step: string }[];
}

function saidOf({ language, store, day, stands }: Telling): Said {
  const { plan, open, terminals: all, asked } = stands;
  const writing = writingOf(language, { country: store.country ?? null, timeZone: plan.rules.timeZone });
  const name = plainText(store.name === null ? store.storeId : `${store.name} (${store.storeId})`);
  const facts = { store: name, day: writing.day(day), all };
  const [failed, unknown] = [countOf(open, "failed"), countOf(open, "unknown")];
  const isClosed = open.length === 0;
  const sentences = [
    ...(failed > 0 ? [notClosed[language]({ ...facts, open: failed })] : []),
    ...(unknown > 0 ? [perhapsNotClosed[language]({ ...facts, open: unknown })] : []),
  ];
  const [sentence = closedByNow[language](facts), ...others] = sentences;
  return {
    subject: mailSubject[language]({ ...facts, store: plainText(store.name ?? store.storeId) }),
    sentence,
    remarks: isClosed
      ? []
      : [...others, ...(asked ? [] : [writing.say(mailWords.nobodyAsked)]), writing.say(mailWords.consequence)],
    terminals: open.map((one) => terminalText(one, language)),
  };
}

function countOf(open: readonly OpenTerminal[], wanted: OpenTerminal["state"]): number {
  return open.filter(({ state }) => state === wanted).length;
}

function terminalText({ terminalId, state, reason, step }: OpenTerminal, language: Language) {
  const why = reason === undefined ? "" : `: ${reasonWords[reason][language]}`;
  const head = `${terminalId} – ${terminalStateWords[state][language]}${why}`;
  return { head, step: `${reportWords.toDo[language]}: ${doingText(step, language)}` };
}

/** A text in one line: nothing in a name may look like a line, or a header, of its own. */
export function plainText(text: string): string {
  return text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
}

/** A mail in both its forms. */
export interface Composed {
  subject: string;
  text: string;
  html: string;
}

/** Composes the mail. */
export function composeMail(telling: Telling, links: { day: string; end: string }): Composed {
  const { language } = telling;
  const said = saidOf(telling);
  const [now, why, noMore] = [mailWords.now, mailWords.why, mailWords.noMore].map((words) => words[language]);
  const text = [
    said.sentence,
    ...said.remarks,
    "",
    ...said.terminals.flatMap(({ head, step }) => [head, `  ${step}`, ""]),
    `${now}:`,
    links.day,
    "",
    "-- ",
    why,
    `${noMore}:`,
    links.end,
    "",
  ].join("\n");
  const body = html`${standingOf(said)}
<p><a href="${links.day}">${now}</a></p>
<p class="small">${why} <a href="${links.end}">${noMore}</a></p>`;
  return { subject: said.subject, text, html: documentOf(language, said.subject, body) };
}

/** The page behind the link of a mail: how the day stands now, without figures. */
export function dayPage(telling: Telling, links: { end: string }): string {
  const { language } = telling;
  const said = saidOf(telling);
  const noMore = mailWords.noMore[language];
  return documentOf(
    language,
    said.subject,
    html`${standingOf(said)}<p class="small"><a href="${links.end}">${noMore}</a></p>`,
  );
}

function standingOf({ sentence, remarks, terminals }: Said): Markup {
  return html`<h1>${sentence}</h1>
${remarks.map((remark) => html`<p>${remark}</p>\n`)}${
  terminals.length > 0 &&
  html`<ul>
${terminals.map(({ head, step }) => html`<li><b>${head}</b><br>${step}</li>\n`)}</ul>`
}`;
}
