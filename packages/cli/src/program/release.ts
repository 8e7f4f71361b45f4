import { Command } from "commander";
import { type ClientFlags, withClientFlags } from "../client-flags.ts";
import type { AddFlags, ListFlags } from "../commands/release.ts";
import { releaseKeyCommand, releaseKeygenCommand } from "./release-key.ts";

const actions = () => import("../commands/release.ts");

/** `tillkeeper release`: signs software for terminals and sends it to the server. */
export function releaseCommand(): Command {
  const command = new Command("release");
  for (const sub of [releaseKeygenCommand(), releaseKeyCommand(), addCommand(), listCommand(), withdrawCommand()]) {
    command.addCommand(sub);
  }
  return command;
}

function addCommand(): Command {
  return withClientFlags(new Command("add"))
    .description("sign a release and send it; from then on terminals of its model are offered it")
    .requiredOption("--model <model>", "the model it is for")
    .requiredOption("--version <version>", "its version")
    .requiredOption("--file <file>", "the file that terminals get")
    .requiredOption("--key <file>", "the private key that signs it; it stays here")
    .option("--notes <text>", "what is new, for people")
    .action(async (flags: AddFlags) => (await actions()).addAction(flags));
}

function listCommand(): Command {
  return withClientFlags(new Command("list"))
    .description("list the latest releases")
    .option("--model <model>", "only those for this model")
    .action(async (flags: ListFlags) => (await actions()).listAction(flags));
}

function withdrawCommand(): Command {
  return withClientFlags(new Command("withdraw"))
    .description("take a release back: terminals are not offered it any more")
    .argument("<id>", "the release's id")
    .action(async (id: string, flags: ClientFlags) => (await actions()).withdrawAction(id, flags));
}
