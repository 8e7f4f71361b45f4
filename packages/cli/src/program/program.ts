import { Command } from "commander";
import { usageExitCode } from "../failure.ts";
import { version } from "../version.ts";
import { rows } from "./command-table.ts";

/** The whole program. Only the command at the beginning of the arguments gets its options; the others are a line of help. */
export async function programFor([first, second]: readonly string[]): Promise<Command> {
  const program = new Command("tillkeeper")
    .description("Manages fleets of payment terminals: stores, terminals and remote operations.")
    .version(version)
    // Options behind a command's name are the command's, even where the program has an option of that name.
    .enablePositionalOptions()
    .showHelpAfterError()
    .addHelpText("after", "\nThe environment configures the server; `tillkeeper settings` lists what it may hold.");
  const asked = first === "help" ? second : first;
  for (const [name, { description, define, usageCode }] of Object.entries(rows)) {
    const command = name === asked ? await define() : new Command(name);
    program.addCommand(command.description(description).copyInheritedSettings(program));
    if (usageCode !== undefined) command.exitOverride(({ exitCode }) => process.exit(exitCode && usageCode));
  }
  setUsageExitCode(program);
  return program;
}

/** Makes a faulty command line end with `usageExitCode`, in each command below, too. */
function setUsageExitCode(command: Command): void {
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : usageExitCode));
  for (const below of command.commands) setUsageExitCode(below);
}

/**
 * The arguments for the program to parse. Behind an unknown command all arguments are dropped, so that the program refuses
 * the command's name, and does not print help in place of that.
 */
export function untilUnknownCommand(program: Command, args: readonly string[]): readonly string[] {
  if (args[0] === "help" && args.length > 1) {
    const rest = args.slice(1);
    const readable = untilUnknownCommand(program, [...rest, "--help"]);
    return readable.length > rest.length ? args : readable;
  }
  let command: Command | undefined = program;
  for (const [index, word] of args.entries()) {
    if (word.startsWith("-") || word === "help" || command.commands.length === 0) return args;
    command = command.commands.find((known) => known.name() === word);
    if (!command) return args.slice(0, index + 1);
  }
  return args;
}
