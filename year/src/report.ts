import { availableParallelism, cpus } from "node:os";
import type { Finding } from "./checker/case.ts";
import type { Judged } from "./checker/check.ts";
import type { Ran } from "./run.ts";

const mostShown = 40;

/** What a run has shown, as Markdown. */
export function asMarkdown({ history, figures }: Ran, judged: Judged): string {
  const begun = history.terminals.flatMap(({ devices }) => devices.flatMap((device) => device.history.closes));
  const count = (outcome: string) => begun.filter((close) => close.outcome === outcome).length;
  const rows: [string, number][] = [
    ["stores", history.stores.length],
    ["terminals", history.terminals.length],
    ["devices, replaced ones included", history.terminals.reduce((sum, { devices }) => sum + devices.length, 0)],
    ["moves between stores", history.terminals.reduce((sum, { stores }) => sum + stores.length - 1, 0)],
    ["changes of stores", history.stores.reduce((sum, { states }) => sum + states.length - 1, 0)],
    ["visits of the clock", figures.visits],
    ["servers killed", figures.kills],
    ["closes that closed a batch", judged.closes],
    ["of them with the power lost before they were told", count("died")],
    ["closes that failed at the terminal, or at its host", count("device") + count("host")],
    ["days of stores that could be judged", judged.days],
    ["of them to be left alone", judged.daysWithoutClose],
    ["terminals and days that had to be closed", judged.due],
    ["of them prevented by the plan of faults", judged.prevented],
    ["days told as missed", judged.missed],
    ["findings", judged.findings.length],
  ];
  const machine = `${availableParallelism()} cpus (${cpus()[0]?.model.trim()}), Node ${process.version}`;
  const table = rows.map(([name, value]) => `| ${name} | ${value.toLocaleString("en-US")} |`).join("\n");
  return `${machine}; ${figures.seconds} s.\n\n| figure | |\n| --- | ---: |\n${table}\n${findingLines(judged.findings)}`;
}

/** The findings, one a line; of many only the first. */
function findingLines(findings: readonly Finding[]): string {
  const lines = findings.slice(0, mostShown).map(({ law, storeId, businessDay, terminalId, text }) => {
    const where = [storeId, businessDay, terminalId].filter((part) => part !== undefined).join(" ");
    return `- ${law}: ${where}: ${text}`;
  });
  if (findings.length > mostShown) lines.push(`- and ${findings.length - mostShown} more`);
  return lines.length === 0 ? "" : `\n${lines.join("\n")}\n`;
}
