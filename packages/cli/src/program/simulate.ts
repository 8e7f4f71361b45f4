import {
  type FaultMix,
  mildFaults,
  readFaultMix,
  simulatedFaultNames,
  simulatedFaults,
} from "@tillkeeper/virtual-terminals/simulation/fault-mix";
import { Command, InvalidArgumentError, Option } from "commander";
import { withClientFlags } from "../client-flags.ts";
import { columns } from "../columns.ts";
import type { SimulateOptions } from "../commands/simulate.ts";

/** `tillkeeper simulate`: a fleet of virtual terminals with customers and troubles, against any server. */
export function simulateCommand(): Command {
  const command = new Command("simulate")
    .option("--terminals <n>", "how many", whole(1, 100_000), 20)
    .option("--seed <text>", "decides everything that happens; the same text gives the same run", seed, "1")
    .addOption(
      new Option("--faults <list>", "what goes wrong; see below")
        .argParser(faults)
        .default(mildFaults, "a little of everything"),
    )
    .option("--payments-per-hour <n>", "on average, while the store is open", numberFrom(0, 1000), 20)
    .option("--speed <n>", "how many times faster the day goes by; 60 is a day in 24 minutes", numberFrom(0.1, 1000), 1)
    .addOption(
      new Option("--from <hh:mm>", "time of the simulated day at which it begins")
        .argParser(timeOfDay)
        .default(timeOfDay("11:00"), "11:00"),
    )
    .option("--per-store <n>", "terminals in each store", whole(1, 1000), 5)
    .option("--state <folder>", "where keys and journals are kept, for the next run to go on with")
    .option("--minutes <n>", "end after so many minutes", numberFrom(0, 100_000))
    .option("--remove", "delete the terminals at the end")
    .option("--json", "print one JSON object per line, in place of words");
  return withClientFlags(command)
    .addHelpText("after", faultsHelp)
    .action(async (flags: SimulateOptions) => (await import("../commands/simulate.ts")).runSimulation(flags));
}

function faultsHelp(): string {
  const rows = simulatedFaultNames.map((name) => {
    const { unit, mild, usual, meaning } = simulatedFaults[name];
    return [name, meaning, `${usual} ${unit}`, `${mild} by default`];
  });
  return [
    "",
    "--faults takes all, none, or names with or without a rate, as bad-links=0.5,restarts:",
    ...columns(rows, "  "),
  ].join("\n");
}

function faults(text: string): FaultMix {
  try {
    return readFaultMix(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function seed(text: string): string {
  if (/^[A-Za-z0-9-]{1,32}$/.test(text)) return text;
  throw new InvalidArgumentError("It has 1 to 32 letters, digits and hyphens.");
}

function timeOfDay(text: string): number {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) throw new InvalidArgumentError("It is a time of day, as 09:00.");
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It is a number from ${least} to ${most}.`);
  };
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = numberFrom(least, most)(text);
    if (Number.isInteger(number)) return number;
    throw new InvalidArgumentError("It is a whole number.");
  };
}
