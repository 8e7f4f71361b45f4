import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Scope } from "@tillkeeper/contract/scopes";
import QuickLRU from "quick-lru";
import type { Db, Tx } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { newId } from "../platform/ids.ts";
import { hashSecret, secretMatches, sha256 } from "./secrets.ts";

interface NewClient {
  accountId: string;
  clientId: string;
  name: string;
  secret: string;
  /** For the client's own account. */
  scopes: readonly Scope[];
  /** Who makes it; left out, it counts as its own maker. */
  createdBy?: string;
}

/** Creates a client with one secret and a grant for its own account, inside the caller's transaction. Answers its `id`. */
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
  await addSecret(tx, clock, client);
  return id;
}

/** The four columns that say who made a row and when. */
export function madeBy(actor: string, now: Date) {
  return { created_at: now, created_by: actor, updated_at: now, updated_by: actor };
}

/** Adds a secret; earlier ones stay valid, so that a secret can be replaced without an outage. */
export async function addSecret(
  tx: Tx,
  clock: Clock,
  { accountId, clientId, secret }: { accountId: string; clientId: string; secret: string },
): Promise<void> {
  await insertSecret(tx, clock, { accountId, clientId, secret, hash: await hashSecret(secret) });
}

interface HashedSecret {
  accountId: string;
  clientId: string;
  secret: string;
  hash: string;
}

/** Of shorter ones, which somebody may have chosen, four characters would tell too much. */
const longEnoughToHint = 43;

/** As `addSecret`, for a secret that was hashed before the transaction began. Answers its id. */
export async function insertSecret(
  tx: Tx,
  clock: Clock,
  { accountId, clientId, secret, hash }: HashedSecret,
): Promise<string> {
  const now = clock.now();
  const id = newId(now);
  await tx
    .insertInto("client_secrets")
    .values({
      account_id: accountId,
      client_id: clientId,
      secret_id: id,
      secret_hash: hash,
      tag: tagOf(secret),
      last_four: secret.length >= longEnoughToHint ? secret.slice(-4) : null,
      created_at: now,
      revoked_at: null,
    })
    .execute();
  return id;
}

/** So that a client with several secrets costs one slow check, as any other, and not one for each. */
function tagOf(secret: string): number {
  return sha256(secret)[0] as number;
}

/** Checked where no hash is worth it, so that an unknown client takes as long as a wrong secret. */
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
    .where((eb) => eb.or([eb("secret.tag", "=", tagOf(secret)), eb("secret.tag", "is", null)]))
    .where("secret.account_id", "=", accountId)
    .where("secret.client_id", "=", clientId)
    .where("secret.revoked_at", "is", null)
    .where("client.revoked_at", "is", null)
    .execute();
  const hashes = rows.length > 0 ? rows.map((row) => row.secret_hash) : [await nobodysHash];
  for (const hash of hashes) if (await matches(secret, hash)) return true;
  return false;
}

/** What the client may do in an account; `undefined` without a grant. */
export function findGrant(
  db: Db,
  accountId: string,
  clientId: string,
  audienceAccountId: string,
): Promise<{ id: string; scopes: string[] } | undefined> {
  return db.sql
    .selectFrom("client_grants")
    .select(["id", "scopes"])
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("audience_account_id", "=", audienceAccountId)
    .where("removed_at", "is", null)
    .executeTakeFirst();
}
