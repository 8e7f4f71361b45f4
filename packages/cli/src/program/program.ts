import { Command } from "commander";
import { version } from "../version.ts";
import { rows } from "./rows.ts";

/** The whole program for these arguments. Only the command that they begin with has its options; of others the help says one line. */
export async function programFor([first, second]: readonly string[]): Promise<Command> {
  const program = new Command("tillkeeper")
    .description("Manages fleets of payment terminals: stores, terminals and remote operations.")
    .version(version)
    // Options that stand behind a command are its own, also where the program has one of that name.
    .enablePositionalOptions()
    .showHelpAfterError()
    .addHelpText("after", "\nThe environment configures the server; `tillkeeper settings` lists what it may hold.");
  const asked = first === "help" ? second : first;
  for (const [name, { description, define }] of Object.entries(rows)) {
    const command = name === asked ? await define() : new Command(name);
    program.addCommand(command.description(description).copyInheritedSettings(program));
  }
  return program;
}

/**
 * The arguments as the program is to read them. Of a command that is not there no help can be given: what follows its name is
 * dropped, so that the name is refused.
 */
export function upToUnknown(program: Command, args: readonly string[]): readonly string[] {
  if (args[0] === "help" && args.length > 1) {
    const rest = args.slice(1);
    const readable = upToUnknown(program, [...rest, "--help"]);
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
