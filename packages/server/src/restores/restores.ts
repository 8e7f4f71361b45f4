import { sql } from "kysely";
import type { Actor } from "../access/audit/audit.ts";
import { recordChange } from "../access/audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { startLock } from "../db/locks.ts";
import { retried } from "../db/retry.ts";
import { asAccount } from "../db/tenants/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { newId } from "../platform/ids.ts";
import { minuteMs } from "../platform/time-spans.ts";

export interface RestoreDeps {
  db: Db;
  clock: Clock;
}

export type How = "told" | "noticed";

export interface Restored {
  accounts: number;
  /** Pairing codes that were open. A device may have used them in the lost time. */
  codesEnded: number;
}

/** The time within which all servers notice one restore of the database. */
const sameRestoreMs = minuteMs;

/**
 * Notes that the database went back to an earlier moment (docs/adr/0026-closes-and-memory.md). From now on no operation
 * sent before counts as not delivered, numbers continue where none was given, and open pairing codes end. All accounts
 * change in one transaction. With `noticed`, returns undefined when another server has just noted the same restore.
 */
export async function noteRestored(
  deps: RestoreDeps,
  actor: Omit<Actor, "accountId">,
  how: How,
): Promise<Restored | undefined> {
  return retried(() =>
    deps.db.sql.transaction().execute(async (tx) => {
      if (!(await insertRestore(tx, deps, how))) return undefined;
      await sql`
        update accounts set
          last_store_number = ${nextThousand("last_store_number")}, last_terminal_number = ${nextThousand("last_terminal_number")},
          last_configuration_number = ${nextThousand("last_configuration_number")}`.execute(tx);
      await sql`
        insert into closing_report_numbers as numbers (account_id, store_ref, last_number)
        select account_id, id, 1000 from stores
        on conflict (account_id, store_ref) do update set last_number = ${nextThousand("numbers.last_number")}`.execute(
        tx,
      );
      const ended = await sql`update pairing_codes set status = 'expired' where status = 'open'`.execute(tx);
      const accounts = await tx.selectFrom("accounts").select("account_id").orderBy("account_id").execute();
      for (const { account_id: accountId } of accounts) await record(tx, deps, { ...actor, accountId }, how);
      return { accounts: accounts.length, codesEnded: Number(ended.numAffectedRows ?? 0n) };
    }),
  );
}

function record(tx: Tx, { clock }: RestoreDeps, actor: Actor, how: How): Promise<void> {
  const { accountId } = actor;
  const subject = { type: "account", id: accountId };
  return asAccount(tx, accountId, accountId, () =>
    recordChange(tx, clock, actor, { action: "database.restored", subject, after: { how } }),
  );
}

/**
 * Continues at the next thousand, so that a number given in the lost time is not given again. This holds for accounts and stores
 * without a number, too: their first may have been given in that time.
 */
function nextThousand(column: string) {
  return sql`(${sql.ref(column)} / 1000 + 1) * 1000`;
}

/**
 * Inserts the row by which later expiries are judged, so it comes first. Returns false when the restore has been noted
 * already.
 */
async function insertRestore(tx: Tx, { clock }: RestoreDeps, how: How): Promise<boolean> {
  const now = clock.now();
  await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
  if (how === "noticed") {
    const since = new Date(now.getTime() - sameRestoreMs);
    const { rows } = await sql`select from database_restores where at > ${since}`.execute(tx);
    if (rows.length > 0) return false;
  }
  await tx
    .insertInto("database_restores")
    .values({ id: newId(now), at: now, how })
    .execute();
  return true;
}
