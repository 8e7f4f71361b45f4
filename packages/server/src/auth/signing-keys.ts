import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Selectable } from "kysely";
import type { Db } from "../db/db.ts";
import type { Tables } from "../db/schema.ts";
import type { Clock } from "../platform/clock.ts";

interface VerifyingKey {
  kid: string;
  key: CryptoKey;
  publicJwk: JWK;
}

/** The key pairs that tokens are signed with, shared by all servers on one database. */
export interface SigningKeys {
  /** Signs new tokens with the newest key. */
  current(): Promise<{ kid: string; key: CryptoKey }>;
  /** Looks the key up, once more in the database when another server may have made it. */
  find(kid: string): Promise<CryptoKey | undefined>;
  jwks(): Promise<{ keys: JWK[] }>;
  /** Reads the keys again when they were read too long ago. */
  refresh(): Promise<void>;
  /** Grows whenever a key was added or retired, here or by another server: what was verified before may not hold. */
  generation(): number;
}

const algorithm = "EdDSA";
/** Keys that other servers add or retire are noticed after so long. */
const staleAfterMs = 5_000;
/** An unknown key is looked up at once, but not for every forged token. */
const unknownAfterMs = 1_000;

export async function openSigningKeys(db: Db, clock: Clock): Promise<SigningKeys> {
  let verifying = new Map<string, VerifyingKey>();
  let signing: { kid: string; key: CryptoKey } | undefined;
  let generation = 0;
  let readAt = 0;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const rows = await db.sql
      .selectFrom("signing_keys")
      .selectAll()
      .where("retired_at", "is", null)
      .orderBy("created_at", "desc")
      .orderBy("kid")
      .execute();
    const keys = await Promise.all(rows.map(importKey));
    const same = keys.length === verifying.size && keys.every(({ kid }) => verifying.has(kid));
    verifying = new Map(keys.map((key) => [key.kid, key]));
    const newest = rows[0];
    signing = newest && { kid: newest.kid, key: (await importJWK(newest.private_jwk as JWK, algorithm)) as CryptoKey };
    if (!same) generation += 1;
    readAt = clock.now().getTime();
  }

  /** Whoever comes while a read is under way waits for that one. */
  function readOnce(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function refresh(): Promise<void> {
    if (age() > staleAfterMs) await readOnce();
  }
  const age = () => Math.abs(clock.now().getTime() - readAt);
  await readOnce();
  if (!signing) {
    await createKey(db, clock);
    await readOnce();
  }

  return {
    async current() {
      await refresh();
      if (!signing) throw new Error("there is no signing key");
      return signing;
    },
    async find(kid) {
      await refresh();
      if (!verifying.has(kid) && age() > unknownAfterMs) await readOnce();
      return verifying.get(kid)?.key;
    },
    async jwks() {
      await refresh();
      return { keys: [...verifying.values()].map((entry) => entry.publicJwk) };
    },
    refresh,
    generation: () => generation,
  };
}

async function importKey(row: Selectable<Tables["signing_keys"]>): Promise<VerifyingKey> {
  const publicJwk = { ...row.public_jwk, kid: row.kid, alg: algorithm, use: "sig" } as JWK;
  return { kid: row.kid, publicJwk, key: (await importJWK(publicJwk, algorithm)) as CryptoKey };
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
