import type { Db } from "../../db/db.ts";
import { inTurn } from "../../db/turns.ts";
import { matchesChosen } from "./secrets/chosen-secrets.ts";
import { hasMadeForm } from "./secrets/secrets.ts";
import { storedForm } from "./secrets/stored-secrets.ts";

/** What a token request shows. */
export interface ShownSecret {
  accountId: string;
  clientId: string;
  secret: string;
  /** The network that the request came from. */
  from: string;
}

/**
 * Whether this is a live client of the account and one of its valid secrets.
 *
 * Each request costs one digest and one statement, with a known client, a known secret, both or none. So nothing has to
 * stand in for what is missing. Only a client with a chosen secret costs a slow check on top of that; the time it takes
 * tells that such a client exists, which a sandbox may tell. Throws `too_many_requests`, for such a client only.
 */
export async function clientIsKnown(db: Db, shown: ShownSecret): Promise<boolean> {
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
    .where("secret.revoked_at", "is", null)
    .where("client.revoked_at", "is", null);
  const rows = await inTurn(db, shown.from, () => secrets.execute());
  if (rows.some((row) => row.secret_hash === stored)) return true;
  const share = { group: shown.from, member: `${accountId}/${clientId}` };
  for (const { secret_id: secretId, secret_hash: hash, chosen } of rows) {
    if (!chosen && !hasMadeForm(secret)) continue;
    if (!(await matchesChosen(secret, hash, share))) continue;
    if (!chosen) await storeDigest(db, shown, { secretId, hash, stored });
    return true;
  }
  return false;
}

/** Made secrets of before 0015 have a slow hash. It is replaced as soon as the secret is at hand. */
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
