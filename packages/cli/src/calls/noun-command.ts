import { Argument, Command, Option } from "commander";
import { withConnectionFlags } from "../connection/flags.ts";
import { type CallRow, idsOf, kebab } from "./call.ts";
import { callTable } from "./call-table.ts";
import { addFlags, type Read } from "./flags.ts";
import { nounWords, usualAliases } from "./words.ts";

/** A command for the calls of a noun, with a command below it for each. */
export function nounCommand(noun: string): Command {
  return withCalls(new Command(nounWords[noun]?.command ?? kebab(noun)), noun);
}

/** Gives a command the calls of a noun. `except`: those that it has as commands of its own. */
export function withCalls(command: Command, noun: string, except: readonly string[] = []): Command {
  for (const [name, row] of Object.entries(callTable[noun]?.calls ?? {})) {
    if (!except.includes(name)) command.addCommand(callCommand(noun, name, row));
  }
  return command;
}

function callCommand(noun: string, name: string, row: CallRow): Command {
  const { aliases, words } = nounWords[noun] ?? {};
  const inWords = words?.[name] ?? [];
  const flagged = { ...row, ...(row.body && { body: row.body.filter((flag) => !inWords.includes(flag.name)) }) };
  const command = new Command(kebab(name))
    .description(row.about)
    .aliases([...(aliases?.[name] ?? usualAliases[name] ?? [])]);
  for (const id of idsOf(row)) command.argument(`<${kebab(id)}>`);
  for (const word of inWords) command.addArgument(wordOf(row, word));
  addFlags(command, flagged);
  addOwnFlags(command, row);
  return command.action(async (...args: unknown[]) => {
    const given = args.at(-2) as Read;
    const { runCall } = await import("../commands/call.ts");
    await runCall({ noun, name, row: flagged, ids: args.slice(0, -2) as string[], inWords, given });
  });
}

function wordOf({ body }: CallRow, name: string): Argument {
  const { about, choices } = body?.find((flag) => flag.name === name) ?? {};
  const word = new Argument(`<${kebab(name)}>`, about);
  return choices ? word.choices(choices) : word;
}

function addOwnFlags(command: Command, { body, upload, pages, waits, keyed, matches, file, types }: CallRow): void {
  if (body) command.option("--body <json>", "the whole body: JSON, @file, or - for standard input; flags go on top");
  if (upload) command.requiredOption("--file <path>", "the file to send");
  if (pages) command.option("--all", "all pages, one after the other; with --json one line each");
  if (waits) command.option("--wait [seconds]", "wait for the end, at most so long");
  if (keyed) command.option("--idempotency-key <uuid>", "makes a repeated request the same one; by default a new one");
  if (matches) command.option("--if-match <tag>", "only if it is still as its ETag says");
  if (types) command.addOption(new Option("--as <type>", "the form of the answer").choices(["json", ...types]));
  if (file) command.option("--output <path>", "where the file goes; standard output by default");
  command.option("--json", "print what the server answered, as JSON");
  withConnectionFlags(command);
}
