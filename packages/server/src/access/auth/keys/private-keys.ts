import type { JWK } from "jose";
import { sql } from "kysely";
import type { Db } from "../../../db/db.ts";
import { startLock } from "../../../db/locks.ts";
import type { RootKey } from "../../../platform/folders/root-key.ts";
import { seal, unseal } from "../../../platform/sealing.ts";

/** Encrypts a private key for the database: a JWE that has the key's id in its protected header. */
export function encryptPrivateJwk(rootKey: RootKey, kid: string, privateJwk: JWK): Promise<string> {
  return seal(rootKey.derive("signingKeys"), kid, privateJwk);
}

/** Throws when the key was encrypted with another root key, changed, or moved to the row of another signing key. */
export async function decryptPrivateJwk(rootKey: RootKey, kid: string, encrypted: string): Promise<JWK> {
  return (await unseal(rootKey.derive("signingKeys"), kid, encrypted)) as JWK;
}

/** Encrypts the private keys that servers of earlier versions have written as plain text, retired keys included. */
export async function encryptPlainKeys(db: Pick<Db, "sql">, rootKey: RootKey): Promise<void> {
  await db.sql.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
    const plain = await tx
      .selectFrom("signing_keys")
      .select(["kid", "private_jwk"])
      .where("private_jwk", "is not", null)
      .execute();
    for (const { kid, private_jwk } of plain) {
      const encrypted = await encryptPrivateJwk(rootKey, kid, private_jwk as JWK);
      await tx
        .updateTable("signing_keys")
        .set({ encrypted_private_jwk: encrypted, private_jwk: null })
        .where("kid", "=", kid)
        .execute();
    }
  });
}
