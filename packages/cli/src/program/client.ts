import { Command } from "commander";
import { readAccountId, readName } from "../options.ts";

/** `tillkeeper client create`: makes a client of an account whose clients or secrets are lost. */
export function clientCommand(): Command {
  const create = new Command("create")
    .description("make a client that may do everything in an account, and print its secret this once")
    .requiredOption("--account <id>", "the account, P12345678 or T12345678; P112 for an operator", readAccountId)
    .option("--name <name>", "what people call the client", readName, "Made by tillkeeper client create")
    .action(async (options: { account: string; name: string }) =>
      (await import("../commands/client.ts")).createAction(options),
    );
  return new Command("client").addCommand(create);
}
