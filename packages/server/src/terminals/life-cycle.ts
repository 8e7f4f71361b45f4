import {
  afterEvent,
  isMoved,
  statusReasons,
  type TerminalEvent,
  terminalStates,
} from "@tillkeeper/contract/terminal-status";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../db/schema.ts";
import type { Clock } from "../platform/clock.ts";

/**
 * What an event changes, as the table `move (status, remembered, next, next_remembered, next_reason)` for the FROM of an
 * update: the contract's table as it is, so that the row itself decides in the same statement that changes it.
 */
export function movesOf(event: TerminalEvent): string {
  const rows = terminalStates.flatMap((state) => {
    if (!isMoved(event, state)) return [];
    const next = afterEvent(event, state);
    return [[state.status, state.remembered, next.status, next.remembered, statusReasons[next.status]]];
  });
  const texts = rows.map((row) => `(${row.map((value) => (value === null ? "null" : `'${value}'`)).join(", ")})`);
  return `(values ${texts.join(", ")}) as move (status, remembered, next, next_remembered, next_reason)`;
}

type Place = { accountId: string } & ({ terminalId: string } | { storeRef: string });

/**
 * Moves a terminal, or all terminals of a store, as the contract's table says for an event. A terminal in a status that
 * the event does not concern stays as it is, so an event may come twice or late.
 */
export async function moveTerminals(
  db: Kysely<Tables>,
  clock: Clock,
  event: TerminalEvent,
  place: Place,
): Promise<void> {
  const which =
    "terminalId" in place
      ? sql`terminals.terminal_id = ${place.terminalId}`
      : sql`terminals.store_ref = ${place.storeRef}`;
  await sql`
    update terminals set
      status = move.next, status_before_inactive = move.next_remembered, status_reason = move.next_reason,
      updated_at = ${clock.now()}
    from ${sql.raw(movesOf(event))}
    where terminals.account_id = ${place.accountId} and ${which}
      and terminals.status = move.status
      and terminals.status_before_inactive is not distinct from move.remembered`.execute(db);
}
