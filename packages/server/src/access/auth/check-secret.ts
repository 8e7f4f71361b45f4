import type { Db } from "../../db/db.ts";
import { inTurn } from "../../db/turns.ts";
import { matchesChosen } from "./secrets/chosen-secrets.ts";
import { hasGeneratedForm } from "./secrets/secrets.ts";
import { isValidSecret, storedForm } from "./secrets/stored-secrets.ts";

/** The credentials of a token request. */
export interface ShownSecret {
  accountId: string;
  clientId: string;
  secret: string;
  /** The network that the request came from. */
  from: string;
}

/**
 * Whether the client is live and the secret is one of its valid secrets. Throws `too_many_requests`, for a client with
 * a chosen secret only.
 *
 * Each request costs one digest and one statement, whether client and secret are known or not. So an unknown client
 * needs no dummy check to take as long as a known one. Only a client with a chosen secret costs a slow check in
 * addition. That time tells that such a client exists, which a sandbox may tell.
 */
export async function isValidClientSecret(db: Db, shown: ShownSecret): Promise<boolean> {
  const { accountId, clientId, secret } = shown;
  const stored = storedForm(shown, secret);
  const secrets = db.sql
    .selectFrom("client_secrets as secret")
    .innerJoin("clients as client", (join) =>
      join.onRef("client.account_id", "=", "secret.account_id").onRef("client.client_id", "=", "secret.client_id"),
    )
    .select(["secret.secret_id", "secret.secret_hash", "secret.chosen"])
    .where("secret.account_id", "=", accountId)
    .where("secret.client_id", "=", clientId)
    .where((eb) => eb.or([eb("secret.secret_hash", "=", stored), eb("secret.secret_hash", "like", "scrypt$%")]))
    .where(isValidSecret)
    .where("client.revoked_at", "is", null);
  const rows = await inTurn(db, shown.from, () => secrets.execute());
  if (rows.some((row) => row.secret_hash === stored)) return true;
  const share = { group: shown.from, member: `${accountId}/${clientId}` };
  for (const { secret_id: secretId, secret_hash: hash, chosen } of rows) {
    if (!chosen && !hasGeneratedForm(secret)) continue;
    if (!(await matchesChosen(secret, hash, share))) continue;
    if (!chosen) await storeDigest(db, shown, { secretId, hash, stored });
    return true;
  }
  return false;
}

/** Generated secrets of before migration 0015 have a slow hash. It is replaced by a digest when the secret matches. */
async function storeDigest(
  db: Db,
  { accountId, clientId, from }: ShownSecret,
  { secretId, hash, stored }: { secretId: string; hash: string; stored: string },
): Promise<void> {
  const replacing = db.sql
    .updateTable("client_secrets")
    .set({ secret_hash: stored })
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("secret_id", "=", secretId)
    .where("secret_hash", "=", hash);
  await inTurn(db, from, () => replacing.execute());
}
