import { writeFile } from "node:fs/promises";
import { isatty } from "node:tty";
import { allCases, type LevelCase } from "../check-agent/cases/all.ts";
import { check, type Finding } from "../check-agent/check.ts";
import { jsonOf, lastLineOf, lineOf, pageOf, summaryOf } from "../check-agent/report.ts";
import { UsageError } from "../failure.ts";
import { interruptedCode, watchInterruption } from "../interruption.ts";

export interface CheckOptions {
  level: string;
  only?: string[];
  start?: string;
  restart?: string;
  closeByHand?: string;
  journal?: string;
  pairing?: true;
  serial: string;
  host: string;
  timeoutFactor: number;
  json?: true;
  report?: string;
}

/** Checks a device by the rules of the protocol, prints the outcomes, and sets exit code 1 if the device broke a rule. */
export async function checkAgent(options: CheckOptions): Promise<void> {
  const { json = false, report, only } = options;
  const cases = chosen(Number(options.level), only);
  const say = (event: string, words: string, more: object = {}) =>
    console.log(json ? JSON.stringify({ event, ...more }) : words);
  const finding = await check({
    ...options,
    pairing: options.pairing ?? false,
    cases,
    signal: watchInterruption(),
    introduced: (login) => say("waiting", introduction(login), { login }),
    tell: (outcome) => console.log(json ? jsonOf(outcome) : lineOf(outcome)),
    ask: isatty(0) ? (what) => console.error(`>>> ${what}`) : undefined,
    overheard: (line) => (json ? undefined : console.error(line)),
  });
  // It was interrupted, and found nothing, good or bad.
  if (!finding) {
    process.exitCode = interruptedCode;
    return;
  }
  say("end", lastLineOf(finding.outcomes), { agent: finding.agent, ...summaryOf(finding.outcomes) });
  if (report !== undefined) await write(report, finding);
  if (summaryOf(finding.outcomes).broken > 0) process.exitCode = 1;
}

function chosen(level: number, only: readonly string[] | undefined): LevelCase[] {
  const unknown = only?.find((name) => !allCases.some((one) => one.name === name));
  if (unknown !== undefined) throw new UsageError(`There is no case ${unknown}; --help names them all.`);
  return allCases.filter((one) => (only ? only.includes(one.name) : one.level <= level));
}

async function write(file: string, { outcomes, agent }: Finding): Promise<void> {
  const command = ["tillkeeper", ...process.argv.slice(2)].join(" ");
  await writeFile(file, pageOf(outcomes, { agent, at: new Date(), command }));
}

function introduction(login: Record<string, string>): string {
  const lines = Object.entries(login).map(([name, value]) => `  ${name}=${value}`);
  return ["The server is there. Connect the device with:", ...lines, ""].join("\n");
}
