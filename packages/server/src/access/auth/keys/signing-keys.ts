import { type CryptoKey, importJWK, type JWK } from "jose";
import type { Selectable } from "kysely";
import type { Db } from "../../../db/db.ts";
import type { Tables } from "../../../db/tables/schema.ts";
import type { RealClock } from "../../../platform/clock.ts";
import type { RootKey } from "../../../platform/folders/root-key.ts";
import { algorithm, createFirstSigningKey, settlesAfterMs } from "./key-rotation.ts";
import { decryptPrivateJwk, encryptPlainKeys } from "./private-keys.ts";

interface KeyPair {
  kid: string;
  key: CryptoKey;
  publicJwk: JWK;
  encryptedPrivateJwk: string;
  createdAt: Date;
}

/** The key pairs that tokens are signed with, shared by all servers on one database. */
export interface SigningKeys {
  /** Signs new tokens with the newest key that everybody has had the time to read. */
  current(): Promise<{ kid: string; key: CryptoKey }>;
  /** Looks the key up, once more in the database when another server may have made it. */
  find(kid: string): Promise<CryptoKey | undefined>;
  jwks(): Promise<{ keys: JWK[] }>;
  /** Reads the keys again when they were read too long ago. */
  refresh(): Promise<void>;
  /** Grows whenever a key was added or retired, here or by another server: what was verified before may not hold. */
  generation(): number;
}

/** Keys that other servers add or retire are noticed after so long. */
const staleAfterMs = 5_000;
/** An unknown key is looked up at once, but not for every forged token. */
const unknownAfterMs = 1_000;

export async function openSigningKeys(db: Db, clock: RealClock, rootKey: RootKey): Promise<SigningKeys> {
  /** Newest first. */
  let pairs = new Map<string, KeyPair>();
  let signing: { kid: string; key: CryptoKey } | undefined;
  let generation = 0;
  let readAt = 0;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const keys = await Promise.all((await readLive(db)).map(importKey));
    const same = keys.length === pairs.size && keys.every(({ kid }) => pairs.has(kid));
    pairs = new Map(keys.map((key) => [key.kid, key]));
    if (!same) generation += 1;
    readAt = clock.realNow().getTime();
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
  const age = () => Math.abs(clock.realNow().getTime() - readAt);
  await encryptPlainKeys(db, rootKey);
  await readOnce();
  if (pairs.size === 0) {
    await createFirstSigningKey(db, clock, rootKey);
    await readOnce();
  }

  return {
    async current() {
      await refresh();
      const newest = newestSettled([...pairs.values()], clock.realNow());
      if (!newest) throw new Error("there is no signing key");
      if (signing?.kid !== newest.kid) {
        const privateJwk = await decryptPrivateJwk(rootKey, newest.kid, newest.encryptedPrivateJwk);
        signing = { kid: newest.kid, key: (await importJWK(privateJwk, algorithm)) as CryptoKey };
      }
      return signing;
    },
    async find(kid) {
      await refresh();
      if (!pairs.has(kid) && age() > unknownAfterMs) await readOnce();
      return pairs.get(kid)?.key;
    },
    async jwks() {
      await refresh();
      return { keys: [...pairs.values()].map((pair) => pair.publicJwk) };
    },
    refresh,
    generation: () => generation,
  };
}

/** Before any key has settled, the oldest: so servers that start together agree on one. */
function newestSettled(newestFirst: readonly KeyPair[], now: Date): KeyPair | undefined {
  const settledBy = now.getTime() - settlesAfterMs;
  return newestFirst.find(({ createdAt }) => createdAt.getTime() <= settledBy) ?? newestFirst.at(-1);
}

/** Newest first. */
function readLive(db: Pick<Db, "sql">): Promise<Row[]> {
  return (
    db.sql
      .selectFrom("signing_keys")
      .select(["kid", "public_jwk", "encrypted_private_jwk", "created_at"])
      .where("retired_at", "is", null)
      // A server of before may still write one that is not encrypted; the next start does that.
      .where("encrypted_private_jwk", "is not", null)
      .orderBy("created_at", "desc")
      .orderBy("kid")
      .execute()
  );
}

type Row = Pick<Selectable<Tables["signing_keys"]>, "kid" | "public_jwk" | "encrypted_private_jwk" | "created_at">;

async function importKey(row: Row): Promise<KeyPair> {
  const publicJwk = { ...row.public_jwk, kid: row.kid, alg: algorithm, use: "sig" } as JWK;
  const key = (await importJWK(publicJwk, algorithm)) as CryptoKey;
  const encryptedPrivateJwk = row.encrypted_private_jwk ?? "";
  return { kid: row.kid, publicJwk, key, encryptedPrivateJwk, createdAt: row.created_at };
}
