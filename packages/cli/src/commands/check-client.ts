import { once } from "node:events";
import { isatty } from "node:tty";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { type CheckResult, check } from "../check-client/check.ts";
import { findingLines, inReadingOrder, jsonOf, lastLine, scenarioLine, summaryOf } from "../check-client/report.ts";
import { allScenarios, type Scenario } from "../check-client/scenarios.ts";
import { hanging } from "../check-client/wrap.ts";
import { columns } from "../columns.ts";
import { watchInterruption } from "../interruption.ts";

export interface CheckClientOptions {
  only?: string[];
  seconds: number;
  exitCode?: true;
  host: string;
  port: number;
  json?: true;
}

/** The exit codes of a check: a rule was broken; the check could not be made; it was interrupted. */
const codes = { broken: 1, unusable: 2, interrupted: 130 };

/** Checks a program by the rules of the documentation, prints what was found, and sets the exit code. */
export async function checkClient(command: readonly string[], options: CheckClientOptions): Promise<void> {
  const interruption = watchInterruption();
  try {
    await checkAndReport(command, options, interruption);
  } catch (error) {
    // Ctrl-C also reaches the processes of the embedded database.
    if (interruption.aborted) {
      process.exitCode ??= codes.interrupted;
      return;
    }
    if (!(error instanceof StartupError)) throw error;
    console.error(error.message);
    process.exitCode = codes.unusable;
  }
}

async function checkAndReport(
  command: readonly string[],
  options: CheckClientOptions,
  signal: AbortSignal,
): Promise<void> {
  const { json = false, only, exitCode: exitTells = false } = options;
  // A terminal that does not know its width says 0.
  const width = Math.max(process.stdout.columns || 100, 40);
  const byHand = command.length === 0;
  const say = (event: string, words: () => string, more: object = {}) =>
    console.log(json ? JSON.stringify({ event, ...more }) : words());
  const result = await check({
    ...options,
    scenarios: chosen(only),
    command: byHand ? undefined : command,
    exitTells,
    signal,
    introduced: (variables) => say("ready", () => introduction(variables, byHand, width), { variables }),
    begun: ({ name, title }) =>
      byHand && !json ? console.log(hanging("now       ", `${name}: ${title}`, width)) : undefined,
    ended: (scenario, log) => {
      const { name, title } = scenario;
      const facts = { scenario: name, title, seconds: Math.round(log.lasted) / 1000, requests: log.exchanges.length };
      say("scenario", () => scenarioLine(scenario, log, width), { ...facts, exit_code: log.exit?.code ?? null });
    },
    overheard: (line) => (json ? undefined : console.error(`| ${line}`)),
    ...(byHand && isatty(0) && { skipped: keyPressed }),
  });
  if (result.isCutShort) process.exitCode = codes.interrupted;
  if (!json) console.log();
  report(result, { say, json, width });
}

function report({ findings, isCutShort }: CheckResult, { say, json, width }: Output): void {
  for (const finding of json ? findings : inReadingOrder(findings)) {
    say("rule", () => findingLines(finding, width), jsonOf(finding));
  }
  const summary = summaryOf(findings);
  say("end", () => `\n${lastLine(findings, width)}`, summary);
  if (summary.broken > 0 && !isCutShort) process.exitCode = codes.broken;
}

interface Output {
  /** Prints words, or an object for programs. */
  say: (event: string, words: () => string, more?: object) => void;
  json: boolean;
  width: number;
}

function chosen(only: readonly string[] | undefined): readonly Scenario[] {
  const unknown = only?.find((name) => !allScenarios.some((one) => one.name === name));
  if (unknown !== undefined) throw new StartupError(`There is no scenario ${unknown}; --help names them all.`);
  return allScenarios.filter(({ name }) => only?.includes(name) ?? true);
}

function introduction(variables: Record<string, string>, byHand: boolean, width: number): string {
  const lines = columns(Object.entries(variables), "  ");
  const next = isatty(0) ? " Enter goes on to the next scenario." : "";
  const head = byHand
    ? `The server is there. Let the program send operations, again and again.${next} Ctrl-C ends the check and reports.`
    : "The server is there. The program is started once for each scenario, with:";
  return [hanging("", head, width), ...lines, ""].join("\n");
}

/** Resolves with the next line on standard input. Rejects when the signal aborts. */
async function keyPressed(signal: AbortSignal): Promise<void> {
  await once(process.stdin.resume(), "data", { signal });
}
