import { detectSharing, isShared } from "./sharing.ts";
import type { AppliedEvent, Change, PresenceEvent, PresenceState, StatusStep } from "./state.ts";
import { changedAt } from "./status.ts";

/**
 * Applies an event to a terminal's presence. A session is one connection, and an ended session is never revived. So a
 * late message changes nothing, whichever server it reached.
 */
export function afterEvent(known: PresenceState | undefined, event: PresenceEvent): AppliedEvent {
  return detectSharing(known, applyEvent(known, event), event);
}

function applyEvent(state: PresenceState | undefined, event: PresenceEvent): StatusStep {
  switch (event.kind) {
    case "hello":
      return afterHello(state, event);
    case "heartbeat":
      return afterHeartbeat(state, event);
    case "heard":
      // A message without a session shows nothing while no connection of the terminal is known.
      return !state || endedAt(state) ? { state } : stillConnected(state, event);
    case "goodbye":
    case "gone":
      return afterEnd(state, event);
    default:
      return event satisfies never;
  }
}

type Of<K extends PresenceEvent["kind"]> = Extract<PresenceEvent, { kind: K }>;

function afterHello(state: PresenceState | undefined, { at, session, nextExpectedAt }: Of<"hello">): StatusStep {
  if (state && at < state.connected_at) return { state };
  const ended = state && endedAt(state);
  const same = state !== undefined && state.session === session;
  if (same && ended && at <= ended) return { state };
  // Repeated on its connection, because the server asked for it.
  if (same && !ended) return stillConnected(state, { at, nextExpectedAt });
  return beginConnection(state, { at, session, next_expected_at: nextExpectedAt });
}

function afterHeartbeat(state: PresenceState | undefined, event: Of<"heartbeat">): StatusStep {
  const { at, session, nextExpectedAt, roundTripMs } = event;
  if (state?.session === session) {
    return endedAt(state) ? { state } : withFault(stillConnected(state, event), event, roundTripMs);
  }
  // A heartbeat of another connection: it becomes the terminal's if the known connection has ended or is silent.
  const replaces = !state || (at >= lastSign(state) && state.status !== "online");
  if (!replaces) return { state };
  return withFault(beginConnection(state, { at, session, next_expected_at: nextExpectedAt }), event, roundTripMs);
}

function afterEnd(state: PresenceState | undefined, event: Of<"goodbye" | "gone">): StatusStep {
  const { kind, at, session } = event;
  if (!state || state.session !== session || state.shut_down_at) return { state };
  if (kind === "gone" && state.lost_at) return { state };
  const since = changedAt(at, state.since);
  const change: Change =
    kind === "gone"
      ? { at: since, status: "late", reason: "link_lost" }
      : { at: since, status: "shut_down", reason: "goodbye" };
  // The terminal was offline already by its silence; losing the link does not make it late.
  const standing = kind === "gone" && state.status === "offline" ? {} : { status: change.status, since };
  const ended = kind === "gone" ? { lost_at: at } : { lost_at: null, shut_down_at: at };
  const next = { ...state, ...standing, ...ended, next_expected_at: null };
  return next.status === state.status && kind === "gone" ? { state: next } : { state: next, change };
}

/** Begins a connection. */
function beginConnection(
  state: PresenceState | undefined,
  { at, session, next_expected_at }: Pick<PresenceState, "session" | "next_expected_at"> & { at: Date },
): StatusStep {
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
    // The status stays online, so a new session alone makes no entry in the history.
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

/** A further message of the present connection. */
function stillConnected(state: PresenceState, { at, nextExpectedAt }: { at: Date; nextExpectedAt: Date }): StatusStep {
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

function withFault(
  { state, change }: StatusStep,
  { at, fault }: Of<"heartbeat">,
  roundTripMs: number | null,
): StatusStep {
  if (!state) return { state };
  const next = { ...state, round_trip_ms: roundTripMs ?? state.round_trip_ms };
  const isFaulty = state.fault_at !== null && state.fault_ended_at === null;
  if (isShared(state)) return { state: next, ...(change && { change }) };
  if (!fault && isFaulty) next.fault_ended_at = at;
  if (fault) {
    const same = isFaulty && state.fault_code === fault.code;
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
