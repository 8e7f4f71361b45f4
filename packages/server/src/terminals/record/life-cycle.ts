import {
  afterEvent,
  changesState,
  statusReasons,
  type TerminalEvent,
  terminalStates,
} from "@tillkeeper/contract/terminal-status";
import { CompiledQuery, type Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { type EventActor, eventsOf } from "../../events/write.ts";
import type { Clock } from "../../platform/clock.ts";
import { type TerminalKey, terminalKeys } from "../terminal-keys.ts";
import { terminalData } from "./events.ts";

/**
 * What an event changes, as the table `move (status, remembered, next, next_remembered, next_reason)` for the FROM of a
 * statement: the contract's table as it is, so that the row itself decides in the same statement that changes it.
 */
function movesOf(event: TerminalEvent): string {
  const rows = terminalStates.flatMap((state) => {
    const next = afterEvent(event, state);
    // In ERROR already, a terminal still notes that an activation failed.
    const notes = event === "activation_exhausted" && (next.remembered ?? next.status) === "ERROR";
    if (!notes && !changesState(event, state)) return [];
    return [[state.status, state.remembered, next.status, next.remembered, statusReasons[next.status]]];
  });
  const texts = rows.map((row) => `(${row.map((value) => (value === null ? "null" : `'${value}'`)).join(", ")})`);
  return `(values ${texts.join(", ")}) as move (status, remembered, next, next_remembered, next_reason)`;
}

/** What an event notes beside the status. A suspension of the store leaves it as it is. */
function notesOf(event: TerminalEvent, at: string): string {
  if (event === "store_suspended" || event === "store_resumed") return "";
  if (event === "activation_exhausted") return ", sync_failed = true";
  return `, sync_failed = false${event === "device_replaced" ? `, pending_since = ${at}` : ""}`;
}

/** That a row of `move` is about a row of `terminals`. */
const isMove =
  "move.status = terminals.status and move.remembered is not distinct from terminals.status_before_inactive";

interface Move {
  /** A step before, that `which` and `at` may name. */
  from?: string;
  /** The terminals, as a condition of the update. */
  which: string;
  /** The time of the event. */
  at: string;
  /** Further assignments. */
  also?: string;
  /** Who is told as the cause; null: the caller writes an event of the whole change. */
  by: { actor: string; requestId?: string } | null;
}

/**
 * Moves terminals as the contract's table says for an event: the step `moved` of a statement. No other step, and no other
 * statement, changes the status of a terminal. A terminal in a status that the event does not concern stays as it is, so an
 * event may come twice or late. Others hear of each move (D33).
 */
export function move(event: TerminalEvent, { from, which, at, also, by }: Move): string {
  const told =
    by &&
    eventsOf("told_moves", {
      from: "moved",
      type: event === "deleted" ? "account_terminal_delete" : "account_terminal_update",
      cause: `'${event}'`,
      at: "moved.updated_at",
      subject: "moved.terminal_id",
      storeRef: "moved.store_ref",
      terminalId: "moved.terminal_id",
      ...by,
      data: "moved.data",
    });
  return `moved as (
  update terminals set
    status = move.next, status_before_inactive = move.next_remembered, status_reason = move.next_reason,
    updated_at = ${at}${notesOf(event, at)}${also === undefined ? "" : `, ${also}`}
  from ${from === undefined ? "" : `${from}, `}${movesOf(event)}
  where ${which} and ${isMove}
  returning terminals.account_id, terminals.terminal_id, terminals.store_ref, terminals.updated_at${by ? `, ${terminalData("terminals")} as data` : ""}
)${told ? `, ${told}` : ""}`;
}

const freeText = (event: TerminalEvent) => `
with free as (
  select terminals.account_id, terminals.terminal_id
  from ${terminalKeys.as("key")}
  join terminals on terminals.account_id = key.account_id and terminals.terminal_id = key.terminal_id
  join ${movesOf(event)} on ${isMove}
  for no key update of terminals skip locked
), ${move(event, {
  from: "free",
  which: "terminals.account_id = free.account_id and terminals.terminal_id = free.terminal_id",
  at: terminalKeys.next,
  by: { actor: "moved.terminal_id" },
})}
select from moved`;

/**
 * Moves many terminals at once, but for those that another transaction has in hand: for an event that is told again for as long
 * as it lasts. Waits for no lock.
 */
export async function moveFreeTerminals(
  db: Kysely<Tables>,
  clock: Clock,
  event: TerminalEvent,
  places: TerminalKey[],
): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(freeText(event), [...terminalKeys.values(places), clock.now()]));
}

type Place = { accountId: string } & ({ terminalId: string } | { storeRef: string });

/** How others hear of a move: from its event, or from one that the caller writes of the whole change. */
type Told = EventActor | "by the caller";

/** Moves a terminal, or all terminals of a store. */
export async function moveTerminals(
  db: Kysely<Tables>,
  clock: Clock,
  event: TerminalEvent,
  place: Place & { told: Told },
): Promise<void> {
  const [column, value] = "terminalId" in place ? ["terminal_id", place.terminalId] : ["store_ref", place.storeRef];
  const { accountId, told } = place;
  const step = move(event, {
    which: `terminals.account_id = $1 and terminals.${column} = $2`,
    at: "$3",
    by: told === "by the caller" ? null : { actor: "$4", requestId: "$5" },
  });
  const values = [accountId, value, clock.now(), ...(told === "by the caller" ? [] : valuesOf(told))];
  await db.executeQuery(CompiledQuery.raw(`with ${step} select from moved`, values));
}

function valuesOf({ clientId, requestId }: EventActor): (string | null)[] {
  return [clientId, requestId || null];
}

const deletion = move("deleted", {
  which: "terminals.account_id = $1 and terminals.terminal_id = $2",
  at: "$3",
  also: "deleted_at = $3, deleted_by = $4",
  by: { actor: "$4", requestId: "$5" },
});

/** Moves a terminal to DELETED, and notes who has deleted it. */
export async function markDeleted(
  db: Kysely<Tables>,
  clock: Clock,
  { accountId, terminalId }: TerminalKey,
  by: EventActor,
): Promise<void> {
  const values = [accountId, terminalId, clock.now(), ...valuesOf(by)];
  await db.executeQuery(CompiledQuery.raw(`with ${deletion} select from moved`, values));
}
