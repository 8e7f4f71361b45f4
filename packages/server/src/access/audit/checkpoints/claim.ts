import { sql } from "kysely";
import type { Db } from "../../../db/db.ts";
import { hourMs } from "../../../platform/time-spans.ts";
import type { Checkpoint, CheckpointHead } from "./text.ts";

/** A claim: the right of one server to make the next checkpoint. */
export interface CheckpointClaim {
  /** Number of the newest checkpoint in the database. */
  number: number;
  digest: string | null;
  until: Date;
}

export const claimMs = 600_000;
const headsAtOnce = 1_000;

/**
 * Claims the next checkpoint. Returns undefined when another server has the claim, or when none is due. Servers' clocks
 * differ by less than an hour, so a time further in the future was not written by a server, and does not count.
 */
export async function claimCheckpoint(db: Pick<Db, "sql">, now: Date): Promise<CheckpointClaim | undefined> {
  const until = new Date(now.getTime() + claimMs);
  const anHourAgo = new Date(now.getTime() - hourMs);
  const inAnHour = new Date(now.getTime() + hourMs);
  const row = await db.sql
    .insertInto("audit_checkpoint")
    .values({ number: 0, at: null, digest: null, claimed_until: until })
    .onConflict((conflict) =>
      conflict
        .column("one")
        .doUpdateSet({ claimed_until: until })
        .where((eb) => {
          const claimed = eb.ref("audit_checkpoint.claimed_until");
          return eb.or([eb(claimed, "is", null), eb(claimed, "<=", now), eb(claimed, ">", inAnHour)]);
        })
        .where((eb) => {
          const at = eb.ref("audit_checkpoint.at");
          return eb.or([eb(at, "is", null), eb(at, "<=", anHourAgo), eb(at, ">", inAnHour)]);
        }),
    )
    .returning(["number", "digest"])
    .executeTakeFirst();
  return row && { number: Number(row.number), digest: row.digest, until };
}

/** Stores the checkpoint that was made under a claim. Throws when the claim had ended before. */
export async function completeClaim(
  db: Pick<Db, "sql">,
  claim: CheckpointClaim,
  { number, at, digest }: Checkpoint,
): Promise<void> {
  const { numUpdatedRows } = await db.sql
    .updateTable("audit_checkpoint")
    .set({ number, at: new Date(at), digest, claimed_until: null })
    .where("claimed_until", "=", claim.until)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Error(`the turn was over before checkpoint ${number} was written`);
}

/** Ends a claim without a checkpoint, so that another server may claim at once. */
export async function releaseClaim(db: Pick<Db, "sql">, claim: CheckpointClaim): Promise<void> {
  await db.sql
    .updateTable("audit_checkpoint")
    .set({ claimed_until: null })
    .where("claimed_until", "=", claim.until)
    .execute();
}

/**
 * A page of heads after an account, ordered by account. Heads that no server can have written are left out:
 * `verifyChains` reports them, and earlier checkpoints hold the heads from before.
 */
export async function listHeads(db: Pick<Db, "sql">, after: string): Promise<CheckpointHead[]> {
  const rows = await db.sql
    .selectFrom("audit_heads")
    .selectAll()
    .where("account_id", ">", after)
    .where(sql<boolean>`account_id ~ '^[PT][0-9]{3,8}$' and octet_length(hash) = 32 and audit_seq_is_usable(seq)`)
    .orderBy("account_id")
    .limit(headsAtOnce)
    .execute();
  return rows.map((row) => ({ account: row.account_id, seq: Number(row.seq), hash: row.hash.toString("hex") }));
}
