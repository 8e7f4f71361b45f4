import type { ClientStatus } from "@tillkeeper/contract/http/clients";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import type { Tx } from "../../db/db.ts";
import { isUuid } from "../../platform/formats.ts";
import { isValidSecret } from "../auth/secrets/stored-secrets.ts";

export type ClientRow = NonNullable<Awaited<ReturnType<typeof findClient>>>;

function selectClients(tx: Tx, accountId: string) {
  return tx
    .selectFrom("clients")
    .selectAll("clients")
    .select((eb) =>
      jsonArrayFrom(
        eb
          .selectFrom("client_secrets as secret")
          .select(["secret.secret_id as id", "secret.last_four", "secret.created_at", "secret.expires_at"])
          .whereRef("secret.account_id", "=", "clients.account_id")
          .whereRef("secret.client_id", "=", "clients.client_id")
          .where(isValidSecret)
          .orderBy("secret.created_at", "desc")
          .orderBy("secret.secret_id", "desc"),
      ).as("secrets"),
    )
    .where("clients.account_id", "=", accountId);
}

export function findClient(tx: Tx, accountId: string, id: string) {
  return selectClients(tx, accountId).where("clients.id", "=", id).executeTakeFirst();
}

/**
 * Whether a text is the `id` of a client or a user of the account: as a client id of another client, `created_by` and the audit log would
 * name the wrong one. An id cannot be known before it is made, so that it is enough to look back.
 */
export async function isIdOfClient(tx: Tx, accountId: string, text: string): Promise<boolean> {
  if (!isUuid(text)) return false;
  const user = tx.selectFrom("account_users").select("id").where("account_id", "=", accountId).where("id", "=", text);
  return (await findClient(tx, accountId, text)) !== undefined || (await user.executeTakeFirst()) !== undefined;
}

/**
 * Locks a live client until the transaction ends, so that changes of it, its secrets and its grants come one by one.
 */
export function lockLiveClient(tx: Tx, accountId: string, id: string): Promise<{ client_id: string } | undefined> {
  return tx
    .selectFrom("clients")
    .select("client_id")
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
}

export interface ClientPage {
  statuses: readonly ClientStatus[];
  search: string | undefined;
  /** The client that the page before ended with. */
  after: string | undefined;
  limit: number;
}

/** Newest first. */
export function listClients(tx: Tx, accountId: string, { statuses, search, after, limit }: ClientPage) {
  let query = selectClients(tx, accountId)
    .orderBy("clients.created_at", "desc")
    .orderBy("clients.id", "desc")
    .limit(limit);
  if (!statuses.includes("DELETED")) query = query.where("clients.revoked_at", "is", null);
  if (!statuses.includes("ACTIVE")) query = query.where("clients.revoked_at", "is not", null);
  if (search !== undefined) {
    // A scan suffices, as an account has few clients. `strpos` takes `%` and `_` literally.
    const found = (column: "name" | "description" | "client_id") =>
      tx.fn<number>("strpos", [tx.fn("lower", [`clients.${column}`]), (eb) => eb.val(search.toLowerCase())]);
    query = query.where((eb) =>
      eb.or((["name", "description", "client_id"] as const).map((column) => eb(found(column), ">", 0))),
    );
  }
  if (after !== undefined) {
    query = query.where((eb) =>
      eb(
        eb.refTuple("clients.created_at", "clients.id"),
        "<",
        eb
          .selectFrom("clients as last")
          .select(["last.created_at", "last.id"])
          .where("last.account_id", "=", accountId)
          .where("last.id", "=", after)
          .$asTuple("created_at", "id"),
      ),
    );
  }
  return query.execute();
}

/** All scopes of the client, over all accounts. */
export async function scopesOfClient(tx: Tx, accountId: string, id: string): Promise<string[]> {
  const grants = await tx
    .selectFrom("client_grants")
    .select("scopes")
    .where("account_id", "=", accountId)
    .where("client_ref", "=", id)
    .where("removed_at", "is", null)
    .execute();
  return [...new Set(grants.flatMap((grant) => grant.scopes))];
}

/**
 * Whether a client of the account's operator is, or was, known in this account by that client id. Both clients would
 * have one name in `created_by` and in the audit log. Locks the account's row, so that no such client is added
 * meanwhile.
 */
export async function isOperatorClientId(tx: Tx, accountId: string, clientId: string): Promise<boolean> {
  await lockClientIds(tx, accountId);
  const grant = await tx
    .selectFrom("client_grants")
    .select("id")
    .where("audience_account_id", "=", accountId)
    .where("account_id", "<>", accountId)
    .where("client_id", "=", clientId)
    .limit(1)
    .executeTakeFirst();
  return grant !== undefined;
}

/**
 * Whether the account has, or had, a client of its own with that client id. Locks the account's row, as
 * `isOperatorClientId` does.
 */
export async function isOwnClientId(tx: Tx, accountId: string, clientId: string): Promise<boolean> {
  await lockClientIds(tx, accountId);
  const client = await tx
    .selectFrom("clients")
    .select("id")
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .executeTakeFirst();
  return client !== undefined;
}

async function lockClientIds(tx: Tx, accountId: string): Promise<void> {
  await tx.selectFrom("accounts").select("account_id").where("account_id", "=", accountId).forNoKeyUpdate().execute();
}
