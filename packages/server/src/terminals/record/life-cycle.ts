import {
  afterEvent,
  isMoved,
  statusReasons,
  type TerminalEvent,
  terminalStates,
} from "@tillkeeper/contract/terminal-status";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { Clock } from "../../platform/clock.ts";

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

/**
 * The same for many at once, but for those that another transaction has in hand: for an event that is told again for as long
 * as it lasts. Waits for nobody.
 */
export async function moveFreeTerminals(
  db: Kysely<Tables>,
  clock: Clock,
  event: TerminalEvent,
  places: { accountId: string; terminalId: string }[],
): Promise<void> {
  await sql`
    with moved as (
      select terminals.account_id, terminals.terminal_id, move.next, move.next_remembered, move.next_reason
      from unnest(
        ${places.map((place) => place.accountId)}::text[], ${places.map((place) => place.terminalId)}::text[]
      ) as key (account_id, terminal_id)
      join terminals on terminals.account_id = key.account_id and terminals.terminal_id = key.terminal_id
      join ${sql.raw(movesOf(event))}
        on move.status = terminals.status and move.remembered is not distinct from terminals.status_before_inactive
      for no key update of terminals skip locked
    )
    update terminals set
      status = moved.next, status_before_inactive = moved.next_remembered, status_reason = moved.next_reason,
      updated_at = ${clock.now()}
    from moved
    where terminals.account_id = moved.account_id and terminals.terminal_id = moved.terminal_id`.execute(db);
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
