import { operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { createAccount } from "@tillkeeper/server/accounts/accounts";
import { readConfig } from "@tillkeeper/server/config";
import { systemClock } from "@tillkeeper/server/platform/clock";
import { Command, InvalidArgumentError } from "commander";
import { columns } from "../columns.ts";
import { withDatabase } from "../database.ts";

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
    .requiredOption("--name <name>", "what people call the account", accountName)
    .option("--id <id>", "P12345678 or T12345678; P112 for an operator (default: a free P number)", accountId)
    .option("--operator <id>", "the existing account that owns it", accountId)
    .action(createAction);
  return new Command("account").description("manage accounts").addCommand(create);
}

async function createAction({ name, id, operator }: CreateOptions): Promise<void> {
  const wanted = {
    name,
    ...(id !== undefined && { account_id: id }),
    ...(operator !== undefined && { operator_account_id: operator }),
  };
  const maker = { clientId: "tillkeeper:cli", address: "", requestId: "cli" } as const;
  const account = await withDatabase(
    readConfig(process.env),
    (db) => createAccount({ db, clock: systemClock }, maker, wanted),
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

function accountId(text: string): string {
  if (new RegExp(operatorAccountIdPattern).test(text)) return text;
  throw new InvalidArgumentError("It is P or T with eight digits, or with three for an operator.");
}

function accountName(text: string): string {
  if (text.trim() !== "" && text.length <= 255 && !text.includes("\0")) return text;
  throw new InvalidArgumentError("It has 1 to 255 characters.");
}
