import { type TerminalStatus, terminalMoves } from "@tillkeeper/contract/terminal-status";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";

/**
 * Moves a terminal as the contract's table says for an event; a terminal in a status that the event does not concern
 * stays as it is, so an event may come twice or late. One statement, decided by the row itself.
 */
export async function moveTerminal(
  db: Db,
  clock: Clock,
  { accountId, terminalId, event }: { accountId: string; terminalId: string; event: keyof typeof terminalMoves },
): Promise<void> {
  for (const [from, to] of Object.entries(terminalMoves[event])) {
    const moved = await db.sql
      .updateTable("terminals")
      .set({ status: to.status, status_reason: to.status_reason, updated_at: clock.now() })
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      .where("status", "=", from as TerminalStatus)
      .executeTakeFirst();
    if (moved.numUpdatedRows > 0n) return;
  }
}
