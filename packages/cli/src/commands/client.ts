import { addAdministrator } from "@tillkeeper/server/accounts/administrators";
import { readConfig } from "@tillkeeper/server/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { Command } from "commander";
import { columns } from "../columns.ts";
import { withDatabase } from "../database.ts";
import { localMaker } from "../maker.ts";
import { readAccountId, readName } from "../options.ts";

/** `tillkeeper client create`: the way back into an account whose clients or secrets are lost. */
export function clientCommand(): Command {
  const create = new Command("create")
    .description("make a client that may do everything in an account, and print its secret this once")
    .requiredOption("--account <id>", "the account, P12345678 or T12345678; P112 for an operator", readAccountId)
    .option("--name <name>", "what people call the client", readName, "Made by tillkeeper client create")
    .action(createAction);
  return new Command("client").description("manage API clients in the database itself").addCommand(create);
}

async function createAction({ account: accountId, name }: { account: string; name: string }): Promise<void> {
  const instead = "stop it first, make the client, and start it again";
  const client = await withDatabase(
    readConfig(process.env),
    async (db) => addAdministrator({ db, clock: await DatabaseClock.open(db.urgent) }, localMaker, { accountId, name }),
    { instead },
  );
  const facts = [
    ["Account", accountId],
    ["Client id", client.client_id],
    ["Client secret", client.client_secret],
  ];
  console.log([...columns(facts), "", "The secret is shown this once: only a hash of it is kept."].join("\n"));
}
