import { sql } from "kysely";
import type { Actor } from "../audit/audit.ts";
import { recordChange } from "../audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { startLock } from "../db/locks.ts";
import { retried } from "../db/retry.ts";
import { asAccount } from "../db/tenant.ts";
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
  /** Pairing codes that were open: a device may have used them already. */
  codesEnded: number;
}

/** Servers that notice the same do so within this time. */
const sameMs = minuteMs;

/**
 * Notes that the database went back to an earlier moment (docs/adr/0026-closes-and-memory.md): from now on nothing is said of
 * what was sent before, numbers go on where none can have been given, and open pairing codes end: in all accounts, or nothing of it.
 * With `noticed` undefined when another server has just noted it.
 */
export async function noteRestored(
  deps: RestoreDeps,
  actor: Omit<Actor, "accountId">,
  how: How,
): Promise<Restored | undefined> {
  return retried(() =>
    deps.db.sql.transaction().execute(async (tx) => {
      if (!(await begin(tx, deps, how))) return undefined;
      await sql`
        update accounts set
          last_store_number = ${goesOn("last_store_number")}, last_terminal_number = ${goesOn("last_terminal_number")},
          last_configuration_number = ${goesOn("last_configuration_number")}`.execute(tx);
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
 * At the next thousand: a number that the lost time gave is not given again. Where none had been given, too: the first may
 * have been.
 */
function goesOn(column: string) {
  return sql`(${sql.ref(column)} / 1000 + 1) * 1000`;
}

/** Before anything else: what expires from now on is judged by it. */
async function begin(tx: Tx, { clock }: RestoreDeps, how: How): Promise<boolean> {
  const now = clock.now();
  await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
  if (how === "noticed") {
    const since = new Date(now.getTime() - sameMs);
    const { rows } = await sql`select from database_restores where at > ${since}`.execute(tx);
    if (rows.length > 0) return false;
  }
  await tx
    .insertInto("database_restores")
    .values({ id: newId(now), at: now, how })
    .execute();
  return true;
}
