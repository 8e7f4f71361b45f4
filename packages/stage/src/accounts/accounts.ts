import type { AccountCreated } from "@tillkeeper/contract/http/accounts";
import type { Scope } from "@tillkeeper/contract/scopes";
import { openAccount } from "@tillkeeper/server/access/accounts/accounts";
import { createClient } from "@tillkeeper/server/access/auth/clients";
import { newSecret } from "@tillkeeper/server/access/auth/secrets/secrets";
import type { Db } from "@tillkeeper/server/db/db";
import { type Clock, systemClock } from "@tillkeeper/server/platform/clock";
import type { ClientCredentials } from "./tokens.ts";

interface Seed {
  accountId: string;
  clientId: string;
  scopes: readonly Scope[];
  clock?: Clock;
}

/** Creates an account with one client directly in the database, without the API. */
export async function seedAccount(db: Db, { clock = systemClock, ...seed }: Seed): Promise<ClientCredentials> {
  const { accountId, clientId } = seed;
  const secret = newSecret();
  const actor = { accountId, clientId: "tillkeeper:cli", address: "", requestId: "cli" };
  await db.sql.transaction().execute(async (tx) => {
    await openAccount(tx, clock, actor, accountId);
    await createClient(tx, clock, { ...seed, name: clientId, secret });
  });
  return { accountId, clientId, secret };
}

/** Creates an account over the API, as an operator does, and returns its first client. */
export async function requestAccount(
  { url, bootstrapToken }: { url: string; bootstrapToken: string },
  account: { account_id: string; name: string; operator_account_id?: string },
): Promise<ClientCredentials> {
  const response = await fetch(`${url}/v1/accounts`, {
    method: "POST",
    headers: { authorization: `Bearer ${bootstrapToken}`, "content-type": "application/json", connection: "close" },
    body: JSON.stringify(account),
  });
  if (!response.ok) throw new Error(`no account: ${response.status} ${await response.text()}`);
  const { client } = (await response.json()) as AccountCreated;
  return { accountId: account.account_id, clientId: client.client_id, secret: client.client_secret };
}
