import { Command, InvalidArgumentError } from "commander";
import { ruleNames } from "../check-client/rules/rule.ts";
import { allScenarios } from "../check-client/scenarios.ts";
import type { CheckClientOptions } from "../commands/check-client.ts";

/** `tillkeeper check-client`: lets a program of any vendor run against a server that makes trouble. */
export function checkClientCommand(): Command {
  return new Command("check-client")
    .argument("[command...]", "the program, behind `--`; without it, start it yourself")
    .option("--only <name...>", "play these scenarios alone")
    .option("--seconds <n>", "how long a scenario may last", readSeconds)
    .option("--exit-code", "the program's exit code is 0 only if it did what it should: check that, too")
    .option("--host <address>", "where it listens, for a program that runs elsewhere", "127.0.0.1")
    .option("--port <n>", "the port for that; 0: any free one", readPort, 0)
    .option("--json", "print one JSON object per line, in place of words")
    .addHelpText("after", help())
    .action(async (command: string[], options: Partial<CheckClientOptions>) => {
      const seconds = options.seconds ?? (command.length === 0 ? 3600 : 30);
      await (await import("../commands/check-client.ts")).checkClient(command, {
        ...(options as CheckClientOptions),
        seconds,
      });
    });
}

function help(): string {
  const names = allScenarios.map(({ name, title }) => `  ${name.padEnd(15)}${title}`);
  return [
    "",
    "The program finds in its environment TILLKEEPER_URL, TILLKEEPER_ACCOUNT, TILLKEEPER_CLIENT_ID, TILLKEEPER_CLIENT_SECRET,",
    "TILLKEEPER_AUDIENCE, TILLKEEPER_TERMINAL, TILLKEEPER_STORE and TILLKEEPER_SCENARIO. In its arguments {url}, {account},",
    "{client_id}, {client_secret}, {audience}, {terminal}, {store} and {scenario} are replaced by the same.",
    "",
    "  tillkeeper check-client --exit-code -- node close-the-day.js {terminal}",
    "",
    `It looks at ${ruleNames.length} rules; docs/check-client.md says which, and where the documentation says so.`,
    "Exit code 0: no rule was broken. 1: one was. 2: the check could not be made. 130: it was interrupted.",
    "",
    "Scenarios:",
    ...names,
  ].join("\n");
}

function readSeconds(value: string): number {
  const number = Number(value);
  if (number >= 1 && number <= 86_400) return number;
  throw new InvalidArgumentError("It is a number from 1 to 86400.");
}

function readPort(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError("It is a whole number from 0 to 65535.");
}
