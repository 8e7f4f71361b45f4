import { createAccount } from "@tillkeeper/server/access/accounts/accounts";
import { readConfig } from "@tillkeeper/server/config/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { cliActor } from "../cli-actor.ts";
import { columns } from "../columns.ts";
import { withDatabase } from "../database.ts";

export interface CreateOptions {
  name: string;
  id?: string;
  operator?: string;
  timeZone?: string;
}

/** Creates an account and its first client, in the database itself. A server may be running on it. */
export async function createAction({ name, id, operator, timeZone }: CreateOptions): Promise<void> {
  const wanted = {
    name,
    ...(id !== undefined && { account_id: id }),
    ...(operator !== undefined && { operator_account_id: operator }),
    ...(timeZone !== undefined && { time_zone: timeZone }),
  };
  const account = await withDatabase(readConfig(process.env), async (db) =>
    createAccount({ db, clock: await DatabaseClock.open(db.urgent) }, cliActor, wanted),
  );
  const facts = [
    ["Account", account.account_id],
    ...(account.operator_account_id === undefined ? [] : [["Operator", account.operator_account_id]]),
    ...(account.time_zone === undefined ? [] : [["Time zone", account.time_zone]]),
    ["Client id", account.client.client_id],
    ["Client secret", account.client.client_secret],
  ];
  console.log([...columns(facts), "", "The secret is shown this once: only a hash of it is kept."].join("\n"));
}
