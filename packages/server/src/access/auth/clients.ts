import { usableGrantTypes } from "@tillkeeper/contract/http/client-grants";
import type { Scope } from "@tillkeeper/contract/scopes";
import type { Db, Tx } from "../../db/db.ts";
import { inTurn } from "../../db/turns.ts";
import type { Clock } from "../../platform/clock.ts";
import { newId } from "../../platform/ids.ts";
import { insertSecret, type NewSecret } from "./secrets/stored-secrets.ts";

interface NewClient {
  accountId: string;
  clientId: string;
  name: string;
  secret: NewSecret;
  /** Scopes of the client's grant for its own account. */
  scopes: readonly Scope[];
  /** The client or process that creates it. Left out, `created_by` is the client itself. */
  createdBy?: string;
}

/** Creates a client with one secret and a grant for its own account, in the caller's transaction. Returns its `id`. */
export async function createClient(tx: Tx, clock: Clock, client: NewClient): Promise<string> {
  const { accountId, clientId, name, scopes, createdBy = clientId } = client;
  const now = clock.now();
  const id = newId(now);
  const made = { account_id: accountId, ...madeBy(createdBy, now) };
  await tx
    .insertInto("clients")
    .values({ ...made, id, client_id: clientId, name, description: null, callbacks: [], revoked_at: null })
    .execute();
  await tx
    .insertInto("client_grants")
    .values({
      ...made,
      id: newId(now),
      client_id: clientId,
      client_ref: id,
      audience_account_id: accountId,
      audience: null,
      scopes: [...scopes],
      removed_at: null,
      narrowed_at: null,
    })
    .execute();
  await insertSecret(tx, clock, client);
  return id;
}

/** The four columns that say which actor made a row and when. */
export function madeBy(actor: string, now: Date) {
  return { created_at: now, created_by: actor, updated_at: now, updated_by: actor };
}

/**
 * Finds the client's grant for an account that client credentials open; `undefined` without one. The query waits for the turn of the network `from`.
 */
export function findGrant(
  db: Db,
  { accountId, clientId, from }: { accountId: string; clientId: string; from: string },
  audienceAccountId: string,
): Promise<{ id: string; scopes: string[] } | undefined> {
  const live = db.sql
    .selectFrom("client_grants")
    .select(["id", "scopes"])
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("audience_account_id", "=", audienceAccountId)
    .where("type", "in", usableGrantTypes)
    .where("removed_at", "is", null);
  return inTurn(db, from, () => live.executeTakeFirst());
}

/** Whether a token's grant still exists: the client's grant for the account, not removed. */
export async function grantExists(
  db: Db,
  grant: { accountId: string; grantId: string; clientId: string; audienceAccountId: string },
): Promise<boolean> {
  const live = db.sql
    .selectFrom("client_grants")
    .select("id")
    .where("account_id", "=", grant.accountId)
    .where("id", "=", grant.grantId)
    .where("client_id", "=", grant.clientId)
    .where("audience_account_id", "=", grant.audienceAccountId)
    .where("removed_at", "is", null);
  const row = await inTurn(db, grant.audienceAccountId, () => live.executeTakeFirst());
  return row !== undefined;
}
