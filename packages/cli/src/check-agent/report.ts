import { type Breach, laws, nameOf } from "./laws.ts";
import type { Outcome } from "./run.ts";

/** The line of an outcome, for people; each breach follows on a line of its own. */
export function lineOf({ name, level, title, verdict, why, breaches }: Outcome): string {
  const reason = why === undefined ? "" : ` (${why})`;
  const lines = [`${verdict.padEnd(8)} ${level}  ${name}: ${title}${reason}`];
  return [...lines, ...breaches.map((breach) => `            ${sentenceOf(breach)}`)].join("\n");
}

/** The line of an outcome, as JSON. */
export function jsonOf(outcome: Outcome): string {
  return JSON.stringify({ event: "case", ...outcome });
}

/** The counts of all outcomes. */
export interface Summary {
  passed: number;
  broken: number;
  skipped: number;
  /** The names of the laws that were broken. */
  laws: readonly string[];
}

/** Counts the outcomes by verdict, and collects the laws that were broken. */
export function summaryOf(outcomes: readonly Outcome[]): Summary {
  const count = (verdict: Outcome["verdict"]) => outcomes.filter((one) => one.verdict === verdict).length;
  const broken = outcomes.flatMap(({ breaches }) => breaches.map(({ law }) => nameOf(law)));
  return { passed: count("passed"), broken: count("broken"), skipped: count("skipped"), laws: [...new Set(broken)] };
}

/** The last line of the report: the laws that were broken, and the counts. */
export function lastLineOf(outcomes: readonly Outcome[]): string {
  const { passed, broken, skipped, laws: names } = summaryOf(outcomes);
  const verdict = broken === 0 ? "No law was broken." : `Broken: ${names.join(", ")}.`;
  return `${verdict} ${passed} cases passed, ${broken} broken, ${skipped} skipped.`;
}

function sentenceOf({ law, expected, seen }: Breach): string {
  return `${nameOf(law)} (${laws[law]}): expected ${expected}; seen: ${seen}`;
}

export interface ReportFacts {
  /** The name and version that the device's hello gave. */
  agent: string;
  at: Date;
  command: string;
}

const style = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ccc; }
.passed { color: #175e2b; } .broken { color: #9c1c1c; font-weight: bold; } .skipped { color: #666; }`;

/** The report as an HTML page, which loads nothing from elsewhere. */
export function pageOf(outcomes: readonly Outcome[], { agent, at, command }: ReportFacts): string {
  const rows = outcomes.map(
    ({ name, level, title, laws: about, verdict, why, breaches }) =>
      `<tr><td>${level}</td><td>${text(name)}</td><td>${text(title)}</td><td>${text(about.map(nameOf).join(", "))}</td>` +
      `<td class="${verdict}">${verdict}${why === undefined ? "" : ` (${text(why)})`}` +
      `${breaches.map((breach) => `<br>${text(sentenceOf(breach))}`).join("")}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    `<title>${text(agent)}: Tillkeeper device protocol</title><style>${style}</style>`,
    `<h1>${text(agent)}</h1><p>${text(lastLineOf(outcomes))}</p>`,
    `<p>Checked at ${at.toISOString()} against version 1 of the Tillkeeper device protocol by <code>${text(command)}</code>.</p>`,
    "<table><tr><th>Level</th><th>Case</th><th>The device …</th><th>About</th><th>Outcome</th></tr>",
    ...rows,
    "</table></html>",
    "",
  ].join("\n");
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function text(plain: string): string {
  return plain.replaceAll(/[&<>"]/g, (letter) => entities[letter] ?? letter);
}
