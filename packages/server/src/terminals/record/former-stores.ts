import type { Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { newId } from "../../platform/ids.ts";
import type { TerminalRow } from "./rows.ts";

/** A terminal in a store, until it was moved to another one; null while it is there. */
export interface Stay {
  terminalId: string;
  storeRef: string;
  from: Date;
  until: Date | null;
}

/** Keeps the store that a terminal leaves: from when until when it was there. The row is the one from before. */
export async function keepFormerStore(tx: Tx, clock: Clock, row: TerminalRow): Promise<void> {
  const { account_id: accountId, terminal_id: terminalId } = row;
  const before = await formerStays(tx, accountId, { terminalId });
  const now = clock.now();
  await tx
    .insertInto("terminal_stores")
    .values({
      account_id: accountId,
      id: newId(now),
      terminal_id: terminalId,
      store_ref: row.store_ref,
      used_from: before.at(-1)?.until ?? row.created_at,
      used_until: now,
    })
    .execute();
}

/** The stays of a terminal, in their order. It has one at least, if it exists. */
export async function staysOfTerminal(tx: Tx, accountId: string, terminalId: string): Promise<Stay[]> {
  const terminal = await tx
    .selectFrom("terminals")
    .select(["store_ref", "created_at"])
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
  if (!terminal) return [];
  const former = await formerStays(tx, accountId, { terminalId });
  const from = former.at(-1)?.until ?? terminal.created_at;
  return [...former, { terminalId, storeRef: terminal.store_ref, from, until: null }];
}

/** The stays in a store: of the terminals that are there, deleted ones as well, and of those that were moved away. */
export async function staysInStore(tx: Tx, accountId: string, storeRef: string): Promise<Stay[]> {
  const present = await tx
    .selectFrom("terminals")
    .select(["terminal_id", "created_at"])
    .select((eb) =>
      eb
        .selectFrom("terminal_stores as former")
        .select("former.used_until")
        .whereRef("former.account_id", "=", "terminals.account_id")
        .whereRef("former.terminal_id", "=", "terminals.terminal_id")
        .orderBy("former.id", "desc")
        .limit(1)
        .as("came_at"),
    )
    .where("account_id", "=", accountId)
    .where("store_ref", "=", storeRef)
    .execute();
  const here = present.map(({ terminal_id: terminalId, created_at, came_at }) => ({
    terminalId,
    storeRef,
    from: came_at ?? created_at,
    until: null,
  }));
  return [...(await formerStays(tx, accountId, { storeRef })), ...here];
}

/** Stays that are over, in their order. */
async function formerStays(
  tx: Tx,
  accountId: string,
  of: { terminalId: string } | { storeRef: string },
): Promise<(Stay & { until: Date })[]> {
  const all = tx.selectFrom("terminal_stores").selectAll().where("account_id", "=", accountId).orderBy("id");
  const rows = await ("terminalId" in of
    ? all.where("terminal_id", "=", of.terminalId)
    : all.where("store_ref", "=", of.storeRef)
  ).execute();
  return rows.map((row) => ({
    terminalId: row.terminal_id,
    storeRef: row.store_ref,
    from: row.used_from,
    until: row.used_until,
  }));
}
