import type { Nonce } from "../../auth/device-tokens.ts";
import type { Db, Tx } from "../../db/db.ts";
import { minuteMs } from "../../platform/time-spans.ts";
import { invalidProof } from "./proofs.ts";

/** Servers differ in their clocks: what is over at one may hold at another for so long. */
const keptAfterEndMs = 10 * minuteMs;

/**
 * Remembers that a proof with this nonce was accepted, in the transaction that it counts for. Throws `invalid_proof` when
 * one was before. Only accepted proofs are remembered, so strangers cannot fill the table.
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

/** Removes nonces that no server takes any more. */
export async function forgetNonces(db: Db, now: Date): Promise<void> {
  const before = new Date(now.getTime() - keptAfterEndMs);
  await db.sql.deleteFrom("used_nonces").where("expires_at", "<", before).execute();
}
