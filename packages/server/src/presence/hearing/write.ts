import type { Db, Tx } from "../../db/db.ts";
import { isLockTimeout } from "../../db/failures.ts";
import { retried } from "../../db/retry.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";
import { addChanges } from "../record/history.ts";
import {
  findKnownTerminals,
  findLiveAddresses,
  lockFreeCredentials,
  lockFreePresence,
  type PresenceRow,
  savePresence,
} from "../record/queries.ts";
import { afterEvent } from "../status/events.ts";
import type { Change, PresenceEvent, PresenceState } from "../status/state.ts";
import { withoutFutureTimes } from "../status/status.ts";
import { type Heard, noteHeard } from "./sql/note-heard.ts";

/** The events of one terminal, in order of arrival. */
export interface TerminalEvents extends TerminalKey {
  events: PresenceEvent[];
}

export interface Written {
  /** The events that counted. */
  heeded: TerminalEvents[];
  /** The ids of terminals whose rows are locked by another transaction: none of their events is written. */
  busy: Set<string>;
}

/**
 * Writes the events of terminals, each of which must occur once in `told`. Skips locked rows instead of waiting.
 * Rejects when the database cannot be reached.
 */
export async function writePresenceEvents(db: Db, told: TerminalEvents[], now: Date): Promise<Written> {
  const usual = told.flatMap((one) => usualCase(one) ?? []);
  const noted = usual.length > 0 ? await noteUsual(db, usual, now) : new Set<string>();
  const rest = told.filter(({ terminalId }) => !noted.has(terminalId));
  const { heeded, busy } =
    rest.length > 0 ? await retried(() => applyEvents(db, rest, now)) : { heeded: [], busy: new Set<string>() };
  return { heeded: [...told.filter(({ terminalId }) => noted.has(terminalId)), ...heeded], busy };
}

/**
 * Writes the usual case in one statement. When a row is locked it writes nothing: a locked row must not hold up its
 * batch. All events then go through `applyEvents`, which skips locked rows.
 */
async function noteUsual(db: Db, usual: Heard[], now: Date): Promise<Set<string>> {
  try {
    return await retried(() => noteHeard(db.pool, usual, now));
  } catch (error) {
    if (isLockTimeout(error)) return new Set();
    throw error;
  }
}

/**
 * Combines the events of a terminal that only show that it is still there. Undefined where the rules of `afterEvent`
 * are needed.
 */
function usualCase({ accountId, terminalId, events }: TerminalEvents): Heard | undefined {
  const [first] = events;
  if (first === undefined || !("address" in first)) return undefined;
  const { address } = first;
  const heard: Heard = {
    accountId,
    terminalId,
    address,
    session: null,
    at: new Date(0),
    nextExpectedAt: new Date(0),
    roundTripMs: null,
  };
  for (const event of events) {
    if ((event.kind !== "heard" && event.kind !== "heartbeat") || event.address !== address) return undefined;
    if (event.kind === "heartbeat") {
      if (event.fault || (heard.session !== null && heard.session !== event.session)) return undefined;
      heard.session = event.session;
      heard.roundTripMs = event.roundTripMs ?? heard.roundTripMs;
    }
    heard.at = event.at;
    heard.nextExpectedAt = event.nextExpectedAt;
  }
  return heard;
}

function applyEvents(db: Db, all: TerminalEvents[], now: Date): Promise<Written> {
  return db.sql.transaction().execute(async (tx) => {
    const { known, live, busy } = await lockFree(tx, all);
    const told = all.filter(({ terminalId }) => !busy.has(terminalId));
    const saved: (TerminalKey & { state: PresenceState })[] = [];
    const changes: (TerminalKey & Change)[] = [];
    const heeded = told.map((one) => ({ ...one, events: one.events.filter((event) => counts(live, one, event)) }));
    for (const { accountId, terminalId, events } of heeded) {
      const before = known.get(terminalId);
      if (!before && !live.has(terminalId)) continue;
      let state: PresenceState | undefined = before && withoutFutureTimes(before, now, justBefore(events, now));
      for (const event of events) {
        const after = afterEvent(state, event);
        state = after.state;
        changes.push(...after.changes.map((change) => ({ accountId, terminalId, ...change })));
      }
      if (state && state !== before) saved.push({ accountId, terminalId, state });
    }
    // Sorted like in all other statements that write several rows, so that transactions do not deadlock.
    saved.sort((a, b) => (a.terminalId < b.terminalId ? -1 : 1));
    await savePresence(tx, saved);
    await addChanges(tx, changes);
    return { heeded, busy };
  });
}

interface LockedPresence {
  known: Map<string, PresenceRow>;
  /** The present addresses of terminals whose messages count. */
  live: Map<string, string>;
  busy: Set<string>;
}

/** Reads and locks the presence of terminals, skipping rows that are locked. */
async function lockFree(tx: Tx, told: TerminalEvents[]): Promise<LockedPresence> {
  // The credential is locked against its replacement, which ends the fault of the former device. So the new fault is
  // written either before that or after it.
  const faulty = told.filter(({ events }) => events.some(reportsFault));
  const kept = faulty.length > 0 ? await lockFreeCredentials(tx, faulty) : new Set<string>();
  const known = new Map((await lockFreePresence(tx, told)).map((row) => [row.terminal_id, row]));
  const rest = told.filter(({ terminalId }) => !known.has(terminalId));
  const busy = rest.length > 0 ? await findKnownTerminals(tx, rest) : new Set<string>();
  const live = await findLiveAddresses(tx, told);
  for (const { terminalId } of faulty) if (live.has(terminalId) && !kept.has(terminalId)) busy.add(terminalId);
  return { known, live, busy };
}

function justBefore(events: PresenceEvent[], now: Date): Date {
  return new Date(Math.min(now.getTime(), ...events.map(({ at }) => at.getTime())) - 1);
}

/** Whether an event counts. Of a deleted terminal or a replaced device, only the end of a connection counts. */
function counts(live: Map<string, string>, { terminalId }: TerminalKey, event: PresenceEvent): boolean {
  if (event.kind === "goodbye" || event.kind === "gone") return true;
  return live.get(terminalId) === event.address;
}

function reportsFault(event: PresenceEvent): boolean {
  return event.kind === "heartbeat" && event.fault !== null;
}
