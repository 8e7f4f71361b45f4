import { CompactEncrypt, compactDecrypt, type JWK } from "jose";
import { sql } from "kysely";
import type { Db } from "../../../db/db.ts";
import { startLock } from "../../../db/locks.ts";
import type { RootKey } from "../../../platform/folders/root-key.ts";

const method = { alg: "dir", enc: "A256GCM" } as const;

/** A private key as the database keeps it: a JWE that names the key's id in its protected header. */
export async function encryptPrivateJwk(rootKey: RootKey, kid: string, privateJwk: JWK): Promise<string> {
  const plain = new TextEncoder().encode(JSON.stringify(privateJwk));
  return new CompactEncrypt(plain).setProtectedHeader({ ...method, kid }).encrypt(rootKey.derive("signingKeys"));
}

/** Throws when it was encrypted with another root key, changed, or moved to the row of another signing key. */
export async function decryptPrivateJwk(rootKey: RootKey, kid: string, encrypted: string): Promise<JWK> {
  const { plaintext, protectedHeader } = await compactDecrypt(encrypted, rootKey.derive("signingKeys"), {
    keyManagementAlgorithms: [method.alg],
    contentEncryptionAlgorithms: [method.enc],
  });
  if (protectedHeader["kid"] !== kid) throw new Error(`the private key of ${kid} is that of another signing key`);
  return JSON.parse(new TextDecoder().decode(plaintext));
}

/** Encrypts the private keys that servers of before have written as they are, retired ones included. */
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
