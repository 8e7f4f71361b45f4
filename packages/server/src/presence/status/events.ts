import type { PresenceReason } from "@tillkeeper/contract/presence";
import type { DeviceFault } from "@tillkeeper/contract/telemetry";
import type { Selectable } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { isShared, withSharing } from "./sharing.ts";
import { changedAt, type HeardStatus } from "./status.ts";

/** Who said it: it counts only if the address is the terminal's when it is written. */
interface Said {
  address: string;
}

/** What is heard of a terminal, with the instant when it came in. */
export type PresenceEvent =
  | ({ kind: "hello"; at: Date; session: string; nextExpectedAt: Date } & Said)
  | ({
      kind: "heartbeat";
      at: Date;
      session: string;
      nextExpectedAt: Date;
      roundTripMs: number | null;
      fault: DeviceFault | null;
    } & Said)
  /** Any other message. */
  | ({ kind: "heard"; at: Date; nextExpectedAt: Date } & Said)
  /** An end is believed of whoever names the connection. */
  | { kind: "goodbye"; at: Date; session: string }
  | { kind: "gone"; at: Date; session: string };

/** A row of `terminal_presence` without its key. */
export type PresenceState = Omit<Selectable<Tables["terminal_presence"]>, "account_id" | "terminal_id">;

export interface Change {
  at: Date;
  status: HeardStatus;
  reason: PresenceReason;
}

export interface After {
  /** The same object when nothing changed. */
  state: PresenceState | undefined;
  /** For the history. */
  changes: Change[];
}

/** The same, as far as its status goes. */
export interface Step {
  state: PresenceState | undefined;
  change?: Change;
}

/**
 * What an event makes of what is known. A session is one connection: once it has ended nothing revives it, so a message
 * that comes round late changes nothing, whichever server it reached.
 */
export function afterEvent(known: PresenceState | undefined, event: PresenceEvent): After {
  return withSharing(known, follow(known, event), event);
}

function follow(state: PresenceState | undefined, event: PresenceEvent): Step {
  switch (event.kind) {
    case "hello":
      return afterHello(state, event);
    case "heartbeat":
      return afterHeartbeat(state, event);
    case "heard":
      // Of whom nothing is known yet, or no connection is left, a stray message tells nothing.
      return !state || endedAt(state) ? { state } : there(state, event);
    case "goodbye":
    case "gone":
      return afterEnd(state, event);
    default:
      return event satisfies never;
  }
}

type Of<K extends PresenceEvent["kind"]> = Extract<PresenceEvent, { kind: K }>;

function afterHello(state: PresenceState | undefined, { at, session, nextExpectedAt }: Of<"hello">): Step {
  if (state && at < state.connected_at) return { state };
  const ended = state && endedAt(state);
  const same = state !== undefined && state.session === session;
  if (same && ended && at <= ended) return { state };
  // Said again on the same connection, because the server asked.
  if (same && !ended) return there(state, { at, nextExpectedAt });
  return begin(state, { at, session, next_expected_at: nextExpectedAt });
}

function afterHeartbeat(state: PresenceState | undefined, event: Of<"heartbeat">): Step {
  const { at, session, nextExpectedAt, roundTripMs } = event;
  if (state?.session === session) {
    return endedAt(state) ? { state } : withFault(there(state, event), event, roundTripMs);
  }
  // Of another connection: it takes the place of one that has ended or fallen silent.
  const takesOver = !state || (at >= lastSign(state) && state.status !== "online");
  if (!takesOver) return { state };
  return withFault(begin(state, { at, session, next_expected_at: nextExpectedAt }), event, roundTripMs);
}

function afterEnd(state: PresenceState | undefined, event: Of<"goodbye" | "gone">): Step {
  const { kind, at, session } = event;
  if (!state || state.session !== session || state.shut_down_at) return { state };
  if (kind === "gone" && state.lost_at) return { state };
  const since = changedAt(at, state.since);
  const change: Change =
    kind === "gone"
      ? { at: since, status: "late", reason: "link_lost" }
      : { at: since, status: "shut_down", reason: "goodbye" };
  // Offline for its silence, and now its link breaks: it does not become late by that.
  const standing = kind === "gone" && state.status === "offline" ? {} : { status: change.status, since };
  const ended = kind === "gone" ? { lost_at: at } : { lost_at: null, shut_down_at: at };
  const next = { ...state, ...standing, ...ended, next_expected_at: null };
  return next.status === state.status && kind === "gone" ? { state: next } : { state: next, change };
}

/** A connection begins. */
function begin(
  state: PresenceState | undefined,
  { at, session, next_expected_at }: Pick<PresenceState, "session" | "next_expected_at"> & { at: Date },
): Step {
  const wasOnline = state?.status === "online";
  const since = wasOnline ? state.since : changedAt(at, state?.since);
  return {
    state: {
      ...(state ?? nothingKnown),
      session,
      status: "online",
      since,
      connected_at: at,
      last_heard_at: at,
      next_expected_at,
      lost_at: null,
      shut_down_at: null,
    },
    // Of one that is online nothing changes that anybody sees: names of connections alone make no history.
    ...(!wasOnline && { change: { at: since, status: "online", reason: "connected" } as const }),
  };
}

const nothingKnown = {
  round_trip_ms: null,
  fault_code: null,
  fault_message: null,
  fault_at: null,
  fault_ended_at: null,
  other_session: null,
  returns: 0,
  returned_at: null,
};

/** Still the same connection. */
function there(state: PresenceState, { at, nextExpectedAt }: { at: Date; nextExpectedAt: Date }): Step {
  const silent = state.status !== "online";
  const since = silent ? changedAt(at, state.since) : state.since;
  const next: PresenceState = {
    ...state,
    status: "online",
    since,
    last_heard_at: latest(state.last_heard_at, at),
    next_expected_at: latest(state.next_expected_at ?? nextExpectedAt, nextExpectedAt),
  };
  return { state: next, ...(silent && { change: { at: since, status: "online", reason: "heard_again" } as const }) };
}

function withFault({ state, change }: Step, { at, fault }: Of<"heartbeat">, roundTripMs: number | null): Step {
  if (!state) return { state };
  const next = { ...state, round_trip_ms: roundTripMs ?? state.round_trip_ms };
  const told = state.fault_at !== null && state.fault_ended_at === null;
  if (isShared(state)) return { state: next, ...(change && { change }) };
  if (!fault && told) next.fault_ended_at = at;
  if (fault) {
    const same = told && state.fault_code === fault.code;
    next.fault_code = fault.code;
    next.fault_message = fault.message ?? null;
    next.fault_at = same ? state.fault_at : at;
    next.fault_ended_at = null;
  }
  return { state: next, ...(change && { change }) };
}

function endedAt(state: PresenceState): Date | null {
  return state.shut_down_at ?? state.lost_at;
}

function lastSign(state: PresenceState): Date {
  return endedAt(state) ?? state.last_heard_at;
}

function latest(one: Date, other: Date): Date {
  return one > other ? one : other;
}
