import { writeFile } from "node:fs/promises";
import { isatty } from "node:tty";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { Command, InvalidArgumentError, Option } from "commander";
import { allCases, type LevelCase, levels } from "../check-agent/cases/all.ts";
import { check, type Finding } from "../check-agent/check.ts";
import { jsonOf, lastLineOf, lineOf, pageOf, summaryOf } from "../check-agent/report.ts";
import { watchInterruption } from "../interruption.ts";

interface CheckOptions {
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

const usual = "2";
/** Nothing was found, good or bad. */
const interruptedCode = 130;

/** `tillkeeper check-agent`: puts a device of any vendor through the rules of the device protocol. */
export function checkAgentCommand(): Command {
  return new Command("check-agent")
    .description("check a device, law by law, against a server of its own that makes trouble")
    .addOption(
      new Option("--level <n>", "1: link, commands, menu; 2: closes as well; 3: files as well")
        .choices(levels.map(String))
        .default(usual),
    )
    .option("--only <name...>", "play these cases alone")
    .option("--start <command>", "starts the device, as a program: SIGKILL cuts its power, SIGTERM ends it in order")
    .option("--restart <command>", "cuts the power of a device that runs elsewhere, and switches it on again")
    .option("--close-by-hand <command>", "closes the day at the device, and ends with 0")
    .option("--journal <path>", "with --start: its journal alone; a copy is put back, and it is deleted")
    .option("--pairing", "let the device pair by a code, in place of a password")
    .option("--serial <number>", "with --pairing: the device's serial number", "CHECK-AGENT-1")
    .option("--host <address>", "where it listens, for a device that runs elsewhere", "127.0.0.1")
    .option("--timeout-factor <n>", "multiplies how long is waited for the device", factor, 1)
    .option("--json", "print one JSON object per line, in place of words")
    .option("--report <file>", "write a page that shows it all (HTML)")
    .addHelpText("after", help())
    .action(run);
}

async function run(options: CheckOptions): Promise<void> {
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
  if (unknown !== undefined) throw new StartupError(`There is no case ${unknown}; --help names them all.`);
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

function help(): string {
  const names = allCases.map(({ level, name, title }) => `  ${level}  ${name.padEnd(28)}${title}`);
  return [
    "",
    "The commands run in a shell that knows how to connect: $AGENT_MQTT_URL, $AGENT_USERNAME, $AGENT_PASSWORD, $AGENT_CLIENT_ID,",
    "$AGENT_ADDRESS, and all of it in the file $AGENT_CREDENTIALS_FILE; with --pairing $AGENT_SERVER, $AGENT_SERIAL, $AGENT_CODE.",
    "",
    "Outside --journal must lie what a lost journal leaves: the notes of the addresses begun (rule 4), and the card reader's memory.",
    "For examples/agent.py: --journal device/journal --close-by-hand 'date +%s >device/batch'",
    "Not tried: payments (rules 26-28), a full disk (14), whether writes are synced (fsync), MQTT 5, HTTPS. See docs/check-agent.md.",
    "",
    "Cases, by level:",
    ...names,
  ].join("\n");
}

function factor(value: string): number {
  const number = Number(value);
  if (number > 0 && number <= 100) return number;
  throw new InvalidArgumentError("It is a number above 0, up to 100.");
}
