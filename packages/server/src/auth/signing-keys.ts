import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";

interface VerifyingKey {
  kid: string;
  key: CryptoKey;
  publicJwk: JWK;
}

/** The key pairs that tokens are signed with, shared by all servers on one database. */
export interface SigningKeys {
  /** Signs new tokens with the newest key. */
  current(): { kid: string; key: CryptoKey };
  /** Looks the key up, once more in the database when another server may have made it. */
  find(kid: string): Promise<CryptoKey | undefined>;
  jwks(): { keys: JWK[] };
}

const algorithm = "EdDSA";
const rereadAfterMs = 1_000;

export async function openSigningKeys(db: Db, clock: Clock): Promise<SigningKeys> {
  let verifying = new Map<string, VerifyingKey>();
  let signing: { kid: string; key: CryptoKey } | undefined;
  let readAt = 0;

  async function read(): Promise<void> {
    readAt = clock.now().getTime();
    const rows = await db.sql
      .selectFrom("signing_keys")
      .selectAll()
      .where("retired_at", "is", null)
      .orderBy("created_at", "desc")
      .orderBy("kid")
      .execute();
    const keys = await Promise.all(
      rows.map(async (row) => {
        const publicJwk = { ...row.public_jwk, kid: row.kid, alg: algorithm, use: "sig" } as JWK;
        return { kid: row.kid, publicJwk, key: (await importJWK(publicJwk, algorithm)) as CryptoKey };
      }),
    );
    verifying = new Map(keys.map((key) => [key.kid, key]));
    const newest = rows[0];
    if (newest)
      signing = { kid: newest.kid, key: (await importJWK(newest.private_jwk as JWK, algorithm)) as CryptoKey };
  }

  await read();
  if (!signing) {
    await createKey(db, clock);
    await read();
  }

  return {
    current() {
      if (!signing) throw new Error("there is no signing key");
      return signing;
    },
    async find(kid) {
      if (!verifying.has(kid) && clock.now().getTime() - readAt > rereadAfterMs) await read();
      return verifying.get(kid)?.key;
    },
    jwks: () => ({ keys: [...verifying.values()].map((entry) => entry.publicJwk) }),
  };
}

async function createKey(db: Db, clock: Clock): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { crv: "Ed25519", extractable: true });
  const publicJwk = await exportJWK(publicKey);
  await db.sql
    .insertInto("signing_keys")
    .values({
      kid: await calculateJwkThumbprint(publicJwk),
      public_jwk: JSON.stringify(publicJwk),
      private_jwk: JSON.stringify(await exportJWK(privateKey)),
      created_at: clock.now(),
      retired_at: null,
    })
    .execute();
}
