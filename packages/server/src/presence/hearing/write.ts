import type { Db, Tx } from "../../db/db.ts";
import { isLockTimeout } from "../../db/failures.ts";
import { retried } from "../../db/retry.ts";
import { addChanges } from "../record/history.ts";
import {
  keepFreeCredentials,
  knownAmong,
  liveAmong,
  lockFreePresence,
  type Origin,
  type PresenceRow,
  savePresence,
} from "../record/queries.ts";
import { afterEvent, type Change, type PresenceEvent, type PresenceState } from "../status/events.ts";
import { asOf } from "../status/status.ts";
import { type Heard, noteHeard } from "./sql/note-heard.ts";

/** What was heard of one terminal, in order. */
export interface Told extends Origin {
  events: PresenceEvent[];
}

export interface Written {
  /** What of it counted. */
  heeded: Told[];
  /** The ids of terminals that another transaction has in hand: nothing of them is written. */
  busy: Set<string>;
}

/** Writes what was heard of terminals, each of which is named once. Waits for no other transaction. */
export async function writeEvents(db: Db, told: Told[], now: Date): Promise<Written> {
  const usual = told.flatMap((one) => usualCase(one) ?? []);
  const noted = usual.length > 0 ? await noteUsual(db, usual, now) : new Set<string>();
  const rest = told.filter(({ terminalId }) => !noted.has(terminalId));
  const { heeded, busy } =
    rest.length > 0 ? await retried(() => applyEvents(db, rest, now)) : { heeded: [], busy: new Set<string>() };
  return { heeded: [...told.filter(({ terminalId }) => noted.has(terminalId)), ...heeded], busy };
}

/** One that is locked must not hold up those that share its statement: then all are left to the rules, which leave it out. */
async function noteUsual(db: Db, usual: Heard[], now: Date): Promise<Set<string>> {
  try {
    return await retried(() => noteHeard(db.pool, usual, now));
  } catch (error) {
    if (isLockTimeout(error)) return new Set();
    throw error;
  }
}

/** A terminal that said nothing but that it is still there; undefined where rules have to be asked. */
function usualCase({ accountId, terminalId, events }: Told): Heard | undefined {
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

function applyEvents(db: Db, all: Told[], now: Date): Promise<Written> {
  return db.sql.transaction().execute(async (tx) => {
    const { known, live, busy } = await takeFree(tx, all);
    const told = all.filter(({ terminalId }) => !busy.has(terminalId));
    const saved: (Origin & { state: PresenceState })[] = [];
    const changes: (Origin & Change)[] = [];
    const heeded = told.map((one) => ({ ...one, events: one.events.filter((event) => counts(live, one, event)) }));
    for (const { accountId, terminalId, events } of heeded) {
      const before = known.get(terminalId);
      if (!before && !live.has(terminalId)) continue;
      let state: PresenceState | undefined = before && asOf(before, now, justBefore(events, now));
      for (const event of events) {
        const after = afterEvent(state, event);
        state = after.state;
        changes.push(...after.changes.map((change) => ({ accountId, terminalId, ...change })));
      }
      if (state && state !== before) saved.push({ accountId, terminalId, state });
    }
    // In the order of everybody else who writes several.
    saved.sort((a, b) => (a.terminalId < b.terminalId ? -1 : 1));
    await savePresence(tx, saved);
    await addChanges(tx, changes);
    return { heeded, busy };
  });
}

interface Taken {
  known: Map<string, PresenceRow>;
  /** The addresses of those that may say something. */
  live: Map<string, string>;
  busy: Set<string>;
}

/** What is known of those that no other transaction has in hand. */
async function takeFree(tx: Tx, told: Told[]): Promise<Taken> {
  // Who replaces a device ends its fault; that has to come before the next one is written, or after it.
  const faulty = told.filter(({ events }) => events.some(tellsOfFault));
  const kept = faulty.length > 0 ? await keepFreeCredentials(tx, faulty) : new Set<string>();
  const known = new Map((await lockFreePresence(tx, told)).map((row) => [row.terminal_id, row]));
  const rest = told.filter(({ terminalId }) => !known.has(terminalId));
  const busy = rest.length > 0 ? await knownAmong(tx, rest) : new Set<string>();
  const live = await liveAmong(tx, told);
  for (const { terminalId } of faulty) if (live.has(terminalId) && !kept.has(terminalId)) busy.add(terminalId);
  return { known, live, busy };
}

function justBefore(events: PresenceEvent[], now: Date): Date {
  return new Date(Math.min(now.getTime(), ...events.map(({ at }) => at.getTime())) - 1);
}

/** Of a terminal that is gone for good, and of a device that was replaced, nothing is noted but that it is gone. */
function counts(live: Map<string, string>, { terminalId }: Origin, event: PresenceEvent): boolean {
  if (event.kind === "goodbye" || event.kind === "gone") return true;
  return live.get(terminalId) === event.address;
}

function tellsOfFault(event: PresenceEvent): boolean {
  return event.kind === "heartbeat" && event.fault !== null;
}
