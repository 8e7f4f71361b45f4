import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { sql } from "kysely";
import type { Db } from "../../../db/db.ts";
import { startLock } from "../../../db/locks.ts";
import type { RealClock } from "../../../platform/clock.ts";
import type { RootKey } from "../../../platform/folders/root-key.ts";
import { minuteMs } from "../../../platform/time-spans.ts";
import { every, type Worker } from "../../../platform/worker.ts";
import { encryptPrivateJwk } from "./private-keys.ts";

export const algorithm = "EdDSA";
/**
 * How long a new key is published before the server signs with it. Other servers read keys every 5 s, and other
 * programs that verify our tokens may cache the published keys for a minute.
 */
export const settlesAfterMs = 70_000;
/** Clocks of servers may differ by this much. */
const clockSkewMs = minuteMs;
const retireEveryMs = minuteMs;

/** Adds a key pair and returns its id. Servers sign with it once it has settled (`settlesAfterMs`). */
export async function createSigningKey(db: Pick<Db, "sql">, clock: RealClock, rootKey: RootKey): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { crv: "Ed25519", extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  await db.sql
    .insertInto("signing_keys")
    .values({
      kid,
      public_jwk: JSON.stringify(publicJwk),
      encrypted_private_jwk: await encryptPrivateJwk(rootKey, kid, await exportJWK(privateKey)),
      created_at: clock.realNow(),
      retired_at: null,
    })
    .execute();
  return kid;
}

/**
 * Adds the first key pair, unless another server has. Without the lock, servers that start together on a new database
 * would each sign with a key of their own. For a moment they would refuse each other's tokens.
 */
export async function createFirstSigningKey(db: Db, clock: RealClock, rootKey: RootKey): Promise<void> {
  await db.sql.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
    const known = await tx.selectFrom("signing_keys").select("kid").where("retired_at", "is", null).limit(1).execute();
    if (known.length === 0) await createSigningKey({ sql: tx }, clock, rootKey);
  });
}

interface RetirementDeps {
  db: Db;
  clock: RealClock;
  lifetimeSeconds: number;
}

/** Retires keys whose tokens have all expired: a newer key has been in use for longer than a token lives. */
export function signingKeyWorker(deps: RetirementDeps): Worker {
  return every("auth.retire_keys", retireEveryMs, () => retireSigningKeys(deps));
}

/** Retires the keys that are due now; `signingKeyWorker` repeats it. */
export async function retireSigningKeys({ db, clock, lifetimeSeconds }: RetirementDeps): Promise<void> {
  const now = clock.realNow();
  const followedBefore = new Date(now.getTime() - settlesAfterMs - lifetimeSeconds * 1000 - clockSkewMs);
  await db.sql
    .updateTable("signing_keys")
    .set({ retired_at: now })
    .where("retired_at", "is", null)
    .where("created_at", "<", (eb) =>
      eb
        .selectFrom("signing_keys as newer")
        .select((newer) => newer.fn.max("newer.created_at").as("at"))
        .where("newer.retired_at", "is", null)
        .where("newer.created_at", "<=", followedBefore),
    )
    .execute();
}
