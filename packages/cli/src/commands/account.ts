import { createAccount } from "@tillkeeper/server/accounts/accounts";
import { readConfig } from "@tillkeeper/server/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { Command } from "commander";
import { columns } from "../columns.ts";
import { withDatabase } from "../database.ts";
import { localMaker } from "../maker.ts";
import { readAccountId, readName } from "../options.ts";

interface CreateOptions {
  name: string;
  id?: string;
  operator?: string;
}

const instead =
  "stop it first, or start it with TILLKEEPER_BOOTSTRAP_TOKEN and create the account with POST /v1/accounts";

/** `tillkeeper account create`: an account and its first client, made in the database itself. */
export function accountCommand(): Command {
  const create = new Command("create")
    .description("create an account with a first client, and print the client's secret this once")
    .requiredOption("--name <name>", "what people call the account", readName)
    .option("--id <id>", "P12345678 or T12345678; P112 for an operator (default: a free P number)", readAccountId)
    .option("--operator <id>", "the existing account that owns it", readAccountId)
    .action(createAction);
  return new Command("account").description("manage accounts").addCommand(create);
}

async function createAction({ name, id, operator }: CreateOptions): Promise<void> {
  const wanted = {
    name,
    ...(id !== undefined && { account_id: id }),
    ...(operator !== undefined && { operator_account_id: operator }),
  };
  const account = await withDatabase(
    readConfig(process.env),
    async (db) => createAccount({ db, clock: await DatabaseClock.open(db.urgent) }, localMaker, wanted),
    { instead },
  );
  const facts = [
    ["Account", account.account_id],
    ...(account.operator_account_id === undefined ? [] : [["Operator", account.operator_account_id]]),
    ["Client id", account.client.client_id],
    ["Client secret", account.client.client_secret],
  ];
  console.log([...columns(facts), "", "The secret is shown this once: only a hash of it is kept."].join("\n"));
}
