import { addAdministrator } from "@tillkeeper/server/access/accounts/administrators";
import { readConfig } from "@tillkeeper/server/config/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { cliActor } from "../cli-actor.ts";
import { columns } from "../columns.ts";
import { withDatabase } from "../database.ts";

/** Creates a client that may do everything in an account, in the database itself. A server may be running on it. */
export async function createAction({ account: accountId, name }: { account: string; name: string }): Promise<void> {
  const client = await withDatabase(readConfig(process.env), async (db) =>
    addAdministrator({ db, clock: await DatabaseClock.open(db.urgent) }, cliActor, { accountId, name }),
  );
  const facts = [
    ["Account", accountId],
    ["Client id", client.client_id],
    ["Client secret", client.client_secret],
  ];
  console.log([...columns(facts), "", "The secret is shown this once: only a hash of it is kept."].join("\n"));
}
