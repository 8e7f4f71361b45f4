import { Command } from "commander";
import { type ClientFlags, withClientFlags } from "../client-flags.ts";
import type { NarrowFlags } from "../commands/configuration.ts";

const actions = () => import("../commands/configuration.ts");

/** `tillkeeper configuration`: manages the configurations of terminals. */
export function configurationCommand(): Command {
  const set = narrowed(new Command("set"))
    .description("create a configuration; terminals get it with their next check_update")
    .requiredOption("--file <file>", "a JSON object, in the form that your terminals read")
    .action(async (flags: NarrowFlags & { file: string }) => (await actions()).setAction(flags));
  const list = narrowed(new Command("list"))
    .description("list the latest configurations")
    .action(async (flags: NarrowFlags) => (await actions()).listAction(flags));
  const withdraw = withClientFlags(new Command("withdraw"))
    .description("take a configuration back: it holds for no terminal any more")
    .argument("<version>", "its version")
    .action(async (version: string, flags: ClientFlags) => (await actions()).withdrawAction(version, flags));
  const command = new Command("configuration");
  for (const sub of [set, list, withdraw]) command.addCommand(sub);
  return command;
}

function narrowed(command: Command): Command {
  return withClientFlags(command)
    .option("--model <model>", "only for terminals of this model")
    .option("--store <id>", "only for terminals of this store");
}
