import { Command } from "commander";
import type { CreateOptions } from "../commands/account.ts";
import { readAccountId, readName } from "../options.ts";

/** `tillkeeper account create` */
export function accountCommand(): Command {
  const create = new Command("create")
    .description("create an account with a first client, and print the client's secret this once")
    .requiredOption("--name <name>", "what people call the account", readName)
    .option("--id <id>", "P12345678 or T12345678; P112 for an operator (default: a free P number)", readAccountId)
    .option("--operator <id>", "the existing account that owns it", readAccountId)
    .option("--time-zone <name>", "of its stores whose address does not tell, such as Europe/Oslo")
    .action(async (options: CreateOptions) => (await import("../commands/account.ts")).createAction(options));
  return new Command("account").addCommand(create);
}
