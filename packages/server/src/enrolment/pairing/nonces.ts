import type { Nonce } from "../../access/auth/tokens/device-tokens.ts";
import type { Db, Tx } from "../../db/db.ts";
import { minuteMs } from "../../platform/time-spans.ts";
import { invalidProof } from "./proofs.ts";

/** Servers' clocks differ: a nonce that is over at one server may be valid at another for so long. */
const keptAfterEndMs = 10 * minuteMs;

/**
 * Notes that a proof with this nonce was accepted, in the transaction that the proof is for. Throws `invalid_proof` if
 * the nonce was used before. Only accepted proofs are stored, so strangers cannot fill the table.
 */
export async function spendNonce(tx: Tx, accountId: string, { id, expiresAt }: Nonce): Promise<void> {
  const spent = await tx
    .insertInto("used_nonces")
    .values({ account_id: accountId, id, expires_at: expiresAt })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (!spent) throw invalidProof("its `nonce` was used before: sign another proof with a fresh one");
}

/** Removes nonces that no server accepts any more. */
export async function forgetNonces(db: Db, now: Date): Promise<void> {
  const before = new Date(now.getTime() - keptAfterEndMs);
  await db.sql.deleteFrom("used_nonces").where("expires_at", "<", before).execute();
}
