import { promises, type Violation } from "../checker/history.ts";
import { count, isClean, type Report } from "./report.ts";

/** The most findings shown per promise; the folder of the run holds all findings. */
const shownPerPromise = 10;

/** Returns the report as a block of Markdown for docs/reliability.md. */
export function asMarkdown(report: Report): string {
  const { settings, seconds, machine, startedAt } = report;
  const command = `npm run chaos -- --seed ${settings.seed} --minutes ${settings.minutes}`;
  const gap = settings.gap === 1 ? "" : `--gap ${settings.gap} `;
  const sizes = `${gap}--terminals ${settings.terminals} --clients ${settings.clients}`;
  return [
    `### ${startedAt.toISOString().slice(0, 10)}: ${total(report)}`,
    `\`${command} ${sizes}${databaseOptions(settings)}\`, ${machine}; ${count(seconds.load)} s of load, ${count(seconds.all)} s in all.`,
    table(["fault", "times", "not done", "back after, median", "longest", "over 30 s"], report.faults.map(faultRow)),
    table(["operations by outcome", ""], report.outcomes.map(row)),
    table(["answers to clients", ""], report.answers.map(row)),
    table(["figure", ""], report.figures),
    table(
      ["promise", "broken"],
      Object.entries(promises).map(([name, text]) => [text, broken(report, name)]),
    ),
    isClean(report) ? "**Every promise was kept.**" : findings(report).join("\n"),
  ].join("\n\n");
}

function databaseOptions({ database, standby }: Report["settings"]): string {
  return database === "embedded" ? "" : ` --database ${database} --standby ${standby}`;
}

function total({ faults, figures }: Report): string {
  const times = faults.reduce((sum, line) => sum + line.times, 0);
  return `${figures[0]?.[1]} operations, ${count(times)} faults`;
}

function broken({ violations }: Report, name: string): string {
  const found = violations.filter(({ promise }) => promise === name).length;
  return found === 0 ? "never" : `${count(found)} times`;
}

function findings({ violations, unsettled }: Report): string[] {
  const byPromise = Map.groupBy(violations, ({ promise }) => promise);
  return [
    ...unsettled.map((text) => `- did not come to rest: ${text}`),
    ...[...byPromise].flatMap(([promise, all]) => [
      `- **${promises[promise]}**: broken ${count(all.length)} times`,
      ...all.slice(0, shownPerPromise).map(({ text }: Violation) => `  - ${text}`),
    ]),
  ];
}

function faultRow({ kind, times, failed, median, longest, unrecovered }: Report["faults"][number]): string[] {
  return [kind, count(times), count(failed), time(median), time(longest), count(unrecovered)];
}

function row([name, times]: [string, number]): string[] {
  return [name, count(times)];
}

function time(ms: number | undefined): string {
  return ms === undefined ? "" : `${(ms / 1000).toFixed(1)} s`;
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
