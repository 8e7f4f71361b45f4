import { type RawBuilder, sql } from "kysely";
import type { Tx } from "../../../db/db.ts";
import type { Clock } from "../../../platform/clock.ts";
import { newId } from "../../../platform/ids.ts";
import type { ChosenHash } from "./chosen-secrets.ts";
import { type GeneratedSecret, sha256 } from "./secrets.ts";

/** A new secret of a client: one that the server generated, or the slow hash of one that a person chose. */
export type NewSecret = GeneratedSecret | ChosenHash;

interface Owner {
  accountId: string;
  clientId: string;
}

/**
 * Form in which a generated secret is stored: `sha256$<digest>`. The digest includes the client, so that it opens no
 * other client.
 *
 * The digest takes no key from outside the database. A key protects secrets that can be guessed; 256 random bits cannot
 * be guessed, with or without a key. A lost key would lock out every client of every account. Nor does a key stop a
 * writer of the database, who can add grants to a client of their own.
 */
export function storedForm({ accountId, clientId }: Owner, secret: string): string {
  const digest = sha256(JSON.stringify(["tillkeeper client secret", accountId, clientId, secret]));
  return `sha256$${digest.toString("base64url")}`;
}

/**
 * That a row `secret` of `client_secrets` is neither deleted nor ended by a rotation. The time is the database's own: the
 * sandbox's clock moves no secret.
 */
export function isValidSecret(): RawBuilder<boolean> {
  return sql<boolean>`secret.revoked_at is null and (secret.expires_at is null or secret.expires_at > now())`;
}

/**
 * Stores a secret of a client and returns its id. Earlier secrets stay valid, so that a secret can be replaced without
 * an outage. A chosen secret replaces an earlier chosen secret.
 */
export async function insertSecret(tx: Tx, clock: Clock, secret: Owner & { secret: NewSecret }): Promise<string> {
  const { accountId, clientId, secret: given } = secret;
  const now = clock.now();
  const id = newId(now);
  const chosen = typeof given !== "string";
  if (chosen) await revokeChosen(tx, secret, now);
  await tx
    .insertInto("client_secrets")
    .values({
      account_id: accountId,
      client_id: clientId,
      secret_id: id,
      secret_hash: chosen ? given.hash : storedForm(secret, given),
      chosen,
      // Four characters of a chosen secret would tell too much of it.
      last_four: chosen ? null : given.slice(-4),
      created_at: now,
      revoked_at: null,
    })
    .execute();
  return id;
}

async function revokeChosen(tx: Tx, { accountId, clientId }: Owner, now: Date): Promise<void> {
  await tx
    .updateTable("client_secrets")
    .set({ revoked_at: now })
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("chosen", "=", true)
    .where("revoked_at", "is", null)
    .execute();
}
