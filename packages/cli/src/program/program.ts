import { Command } from "commander";
import { usageExitCode } from "../failure.ts";
import { version } from "../version.ts";
import { completeName, groups, rows } from "./command-table.ts";

/** The whole program. Only the command at the beginning of the arguments gets its options; the others are a line of help. */
export async function programFor(args: readonly string[]): Promise<Command> {
  const [first, second] = args;
  const program = new Command("tillkeeper")
    .description("Manages fleets of payment terminals: stores, terminals and remote operations.")
    .version(version)
    // Options behind a command's name are the command's, even where the program has an option of that name.
    .enablePositionalOptions()
    .showHelpAfterError("See --help.")
    .addHelpCommand(
      new Command("help").argument("[command]").description("the help of a command").helpGroup(groups.server),
    )
    .addHelpText("after", "\nThe environment configures the server; `tillkeeper settings` lists what it may hold.");
  const completing = first === completeName || (first === "help" && second === completeName);
  const asked = first === completeName ? wordToComplete(args) : first === "help" ? second : first;
  const inGroups = Object.keys(groups).flatMap((group) =>
    Object.entries(rows).filter(([, row]) => row.group === group),
  );
  for (const [name, { description, group, define, usageCode }] of inGroups) {
    if (completing && name === completeName) continue;
    const command = name === asked && define ? await define() : new Command(name);
    inherit(command.description(description).helpGroup(groups[group]), program);
    program.addCommand(command);
    if (usageCode !== undefined) command.exitOverride(({ exitCode }) => process.exit(exitCode && usageCode));
  }
  setUsageExitCode(program);
  // The last, as it reads what the program has.
  if (completing) {
    const { description = "" } = rows[completeName] ?? {};
    (await import("./complete.ts")).addCompletion(program, completeName, (command) => command.description(description));
  }
  return program;
}

/** The command of the line that a shell wants completed, which is behind `complete --`. */
function wordToComplete([, dashes, first, second]: readonly string[]): string | undefined {
  if (dashes !== "--") return undefined;
  return first === "help" ? second : first;
}

/** The words of a command line, with the first name of each command in place of its aliases: those complete nothing. */
function withoutAliases(program: Command, words: readonly string[]): readonly string[] {
  let command: Command | undefined = program;
  return words.map((word, index) => {
    // The word that is being typed is left unchanged.
    if (index === words.length - 1) return word;
    command = command && belowBy(command, word);
    return command?.name() ?? word;
  });
}

/** The command below that has that name, or that alias. */
function belowBy(command: Command, word: string): Command | undefined {
  return command.commands.find((known) => known.name() === word || known.aliases().includes(word));
}

/** Gives a command, and those below it, the settings of the one above it. */
function inherit(command: Command, from: Command): void {
  command.copyInheritedSettings(from);
  for (const below of command.commands) inherit(below, command);
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
  if (args[0] === completeName) return [...args.slice(0, 2), ...withoutAliases(program, args.slice(2))];
  if (args[0] === "help" && args.length > 1) {
    const rest = args.slice(1);
    const readable = untilUnknownCommand(program, [...rest, "--help"]);
    return readable.length > rest.length ? args : readable;
  }
  let command: Command | undefined = program;
  for (const [index, word] of args.entries()) {
    if (word.startsWith("-") || word === "help" || command.commands.length === 0) return args;
    command = belowBy(command, word);
    if (!command) return args.slice(0, index + 1);
    // What follows may be an argument of its own, and no command below it.
    if (command.registeredArguments.length > 0) return args;
  }
  return args;
}
