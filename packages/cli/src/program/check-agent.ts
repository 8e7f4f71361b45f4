import { Command, InvalidArgumentError, Option } from "commander";
import { allCases, levels } from "../check-agent/cases/all.ts";
import type { CheckOptions } from "../commands/check-agent.ts";

const usual = "2";

/** `tillkeeper check-agent`: puts a device of any vendor through the rules of the device protocol. */
export function checkAgentCommand(): Command {
  return new Command("check-agent")
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
    .option("--timeout-factor <n>", "multiplies every wait for the device", factor, 1)
    .option("--json", "print one JSON object per line, in place of words")
    .option("--report <file>", "write a page that shows it all (HTML)")
    .addHelpText("after", help())
    .action(async (options: CheckOptions) => (await import("../commands/check-agent.ts")).checkAgent(options));
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
