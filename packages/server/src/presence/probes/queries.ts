import { type Selectable, sql } from "kysely";
import type { Db } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { type TerminalKey, terminalKeys } from "../../terminals/terminal-keys.ts";

export type ProbeRow = Selectable<Tables["terminal_probes"]>;

interface Question {
  probeId: string;
  now: Date;
  /** A probe created up to this time may be replaced. */
  freeFrom: Date;
  sentAt: Date | null;
}

/** Creates a probe, or answers the terminal's unanswered one (`ours: false`): the key allows one per terminal. */
export function createOrJoinProbe(
  db: Db,
  { accountId, terminalId }: TerminalKey,
  { probeId, now, freeFrom, sentAt }: Question,
): Promise<{ row: ProbeRow; ours: boolean }> {
  return inTenant(db, accountId, async (tx) => {
    const { rows } = await sql<ProbeRow>`
      insert into terminal_probes as probe (account_id, terminal_id, probe_id, created_at, sent_at)
      values (${accountId}, ${terminalId}, ${probeId}, ${now}, ${sentAt})
      on conflict (account_id, terminal_id) do update set
        probe_id = excluded.probe_id, created_at = excluded.created_at, sent_at = excluded.sent_at, answered_at = null
      where probe.created_at <= ${freeFrom} or probe.created_at > ${now}::timestamptz + interval '1 minute'
      returning *`.execute(tx);
    if (rows[0]) return { row: rows[0], ours: true };
    const row = await tx
      .selectFrom("terminal_probes")
      .selectAll()
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      .executeTakeFirstOrThrow();
    return { row, ours: false };
  });
}

/** The probes without an answer that were created after `after`. */
export async function findUnansweredProbes(db: Db, after: Date): Promise<ProbeRow[]> {
  return db.sql
    .selectFrom("terminal_probes")
    .selectAll()
    .where("answered_at", "is", null)
    .where("created_at", ">", after)
    .execute();
}

/** Notes that a probe is sent; answers whether this server is the first, and so has to send it. */
export async function noteSent(db: Db, { account_id, terminal_id, probe_id }: ProbeRow, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await db.sql
    .updateTable("terminal_probes")
    .set({ sent_at: at })
    .where("account_id", "=", account_id)
    .where("terminal_id", "=", terminal_id)
    .where("probe_id", "=", probe_id)
    .where("sent_at", "is", null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/**
 * Stores the answer to a probe and returns its row. Undefined when the probe was not sent to this terminal, or is
 * answered already.
 */
export function noteAnswer(
  db: Db,
  { accountId, terminalId }: TerminalKey,
  probeId: string,
  at: Date,
): Promise<ProbeRow | undefined> {
  return db.sql
    .updateTable("terminal_probes")
    .set({ answered_at: at })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("probe_id", "=", probeId)
    .where("answered_at", "is", null)
    .returningAll()
    .executeTakeFirst();
}

export async function findProbes(db: Db, rows: ProbeRow[]): Promise<ProbeRow[]> {
  const keys = rows.map((row) => ({ accountId: row.account_id, terminalId: row.terminal_id }));
  const { rows: found } = await sql<ProbeRow>`
    select probe.* from terminal_probes as probe
    join ${terminalKeys.of(keys, "key")} using (account_id, terminal_id)`.execute(db.sql);
  return found;
}

export async function forgetProbes(db: Db, before: Date): Promise<void> {
  await db.sql.deleteFrom("terminal_probes").where("created_at", "<", before).execute();
}
