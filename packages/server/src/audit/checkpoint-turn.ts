import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import { hourMs } from "../platform/time-spans.ts";
import type { Checkpoint, CheckpointHead } from "./checkpoint-text.ts";

/** The right of one server to make the next checkpoint. */
export interface Turn {
  /** The newest that the database knows. */
  number: number;
  digest: string | null;
  until: Date;
}

export const turnMs = 600_000;
const headsAtOnce = 1_000;

/**
 * Undefined when another server has the turn, or when none is due. A time further in the future than clocks of servers
 * differ was not written by one of them, and holds nothing up.
 */
export async function claimTurn(db: Pick<Db, "sql">, now: Date): Promise<Turn | undefined> {
  const until = new Date(now.getTime() + turnMs);
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

/** Writes down the checkpoint that was made in a turn. Throws when the turn was over before. */
export async function endTurn(db: Pick<Db, "sql">, turn: Turn, { number, at, digest }: Checkpoint): Promise<void> {
  const { numUpdatedRows } = await db.sql
    .updateTable("audit_checkpoint")
    .set({ number, at: new Date(at), digest, claimed_until: null })
    .where("claimed_until", "=", turn.until)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Error(`the turn was over before checkpoint ${number} was written`);
}

export async function giveTurnBack(db: Pick<Db, "sql">, turn: Turn): Promise<void> {
  await db.sql
    .updateTable("audit_checkpoint")
    .set({ claimed_until: null })
    .where("claimed_until", "=", turn.until)
    .execute();
}

/**
 * Some heads after an account, by account. Left out is what no server has written; `verifyChains` shows it, and the
 * checkpoints before have what was there.
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
