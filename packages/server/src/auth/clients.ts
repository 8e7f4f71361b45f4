import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Scope } from "@tillkeeper/contract/scopes";
import QuickLRU from "quick-lru";
import type { Db, Tx } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { newId } from "../platform/ids.ts";
import { hashSecret, secretMatches } from "./secrets.ts";

interface NewClient {
  accountId: string;
  clientId: string;
  name: string;
  secret: string;
  /** For the client's own account. */
  scopes: readonly Scope[];
}

/** Creates a client with one secret and a grant for its own account, inside the caller's transaction. */
export async function createClient(tx: Tx, clock: Clock, client: NewClient): Promise<void> {
  const { accountId, clientId, name } = client;
  const createdAt = clock.now();
  await tx
    .insertInto("clients")
    .values({ account_id: accountId, client_id: clientId, name, created_at: createdAt, revoked_at: null })
    .execute();
  await tx
    .insertInto("client_grants")
    .values({
      account_id: accountId,
      client_id: clientId,
      audience_account_id: accountId,
      scopes: [...client.scopes],
      created_at: createdAt,
    })
    .execute();
  await addSecret(tx, clock, client);
}

/** Adds a secret; earlier ones stay valid, so that a secret can be replaced without an outage. */
export async function addSecret(
  tx: Tx,
  clock: Clock,
  { accountId, clientId, secret }: { accountId: string; clientId: string; secret: string },
): Promise<void> {
  const createdAt = clock.now();
  await tx
    .insertInto("client_secrets")
    .values({
      account_id: accountId,
      client_id: clientId,
      secret_id: newId(createdAt),
      secret_hash: await hashSecret(secret),
      created_at: createdAt,
      revoked_at: null,
    })
    .execute();
}

/** Checked in place of a missing client's hash, so that an unknown client takes as long as a wrong secret. */
const nobodysHash = hashSecret("no client has this secret");

/**
 * Secrets that matched, by the hash they matched: a client that comes often pays for the slow check once. What is kept
 * is a keyed digest, of use to nobody outside this process; whether the hash is still valid is asked every time.
 */
const matched = new QuickLRU<string, Buffer>({ maxSize: 10_000 });
const matchKey = randomBytes(32);

async function matches(secret: string, hash: string): Promise<boolean> {
  const digest = createHmac("sha256", matchKey).update(secret).digest();
  const known = matched.get(hash);
  if (known && timingSafeEqual(known, digest)) return true;
  if (!(await secretMatches(secret, hash))) return false;
  matched.set(hash, digest);
  return true;
}

/** Whether this is a live client of the account and one of its valid secrets. */
export async function clientIsKnown(db: Db, accountId: string, clientId: string, secret: string): Promise<boolean> {
  const rows = await db.sql
    .selectFrom("client_secrets as secret")
    .innerJoin("clients as client", (join) =>
      join.onRef("client.account_id", "=", "secret.account_id").onRef("client.client_id", "=", "secret.client_id"),
    )
    .select("secret.secret_hash")
    .where("secret.account_id", "=", accountId)
    .where("secret.client_id", "=", clientId)
    .where("secret.revoked_at", "is", null)
    .where("client.revoked_at", "is", null)
    .execute();
  const hashes = rows.length > 0 ? rows.map((row) => row.secret_hash) : [await nobodysHash];
  for (const hash of hashes) if (await matches(secret, hash)) return true;
  return false;
}

/** The scopes that the client holds for an account; `undefined` without a grant. */
export async function grantedScopes(
  db: Db,
  accountId: string,
  clientId: string,
  audienceAccountId: string,
): Promise<string[] | undefined> {
  const row = await db.sql
    .selectFrom("client_grants")
    .select("scopes")
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("audience_account_id", "=", audienceAccountId)
    .executeTakeFirst();
  return row?.scopes;
}
