import { runOf } from "@tillkeeper/contract/mqtt/parts";
import { addressShared } from "@tillkeeper/contract/presence";
import { minuteMs } from "../../platform/time-spans.ts";
import type { AppliedEvent, PresenceEvent, PresenceState, StatusStep } from "./state.ts";
import { changedAt } from "./status.ts";

/** A single return may be a late message. */
const returnsOfTwo = 3;
/** The fault ends when one device has been alone for so long, or for three heartbeats if that is longer. */
export const aloneMs = 5 * minuteMs;
const heartbeatsAlone = 3;
const message =
  "Two devices use the address of this terminal. Find the copy, and pair the terminal anew or give it another password.";

type SessionEvent = Extract<PresenceEvent, { kind: "hello" | "heartbeat" }>;

/**
 * Detects two devices with one address. Each start of an agent is a run, which its sessions name. A single device's
 * earlier run has ended when the next one sends; a run that returns after that, repeatedly, is another device.
 */
export function detectSharing(
  before: PresenceState | undefined,
  { state, change }: StatusStep,
  event: PresenceEvent,
): AppliedEvent {
  const changes = change ? [change] : [];
  if (!before || !state || (event.kind !== "hello" && event.kind !== "heartbeat")) return { state, changes };
  const known = withReplacedRun(before, state);
  if (!returns(before, event))
    return { state: isOver(known, event) ? { ...known, fault_ended_at: event.at } : known, changes };
  const counted = { ...known, returns: isAlone(before, event) ? 1 : before.returns + 1, returned_at: event.at };
  if (counted.returns < returnsOfTwo || isShared(counted)) return { state: counted, changes };
  // The status and its `since` stay.
  const told = { at: changedAt(event.at, state.since), status: state.status, reason: addressShared } as const;
  return { state: { ...counted, ...fault, fault_at: event.at }, changes: [...changes, told] };
}

const fault = { fault_code: addressShared, fault_message: message, fault_ended_at: null };

/**
 * Whether two devices are known to share the address. Faults that they report meanwhile are not stored: it is unknown
 * which of them has the fault.
 */
export function isShared({ fault_code, fault_ended_at, returned_at }: PresenceState): boolean {
  return fault_code === addressShared && fault_ended_at === null && returned_at !== null;
}

/** Remembers the run that another run replaces. A session that names no run is not remembered. */
function withReplacedRun(before: PresenceState, state: PresenceState): PresenceState {
  const [run, earlier] = [runOf(state.session), runOf(before.session)];
  if (state.session === before.session || (run !== undefined && run === earlier)) return state;
  return { ...state, other_session: run === undefined || earlier === undefined ? null : before.session };
}

/** Whether an earlier run sends again, after the run that replaced it has sent something since. */
function returns(before: PresenceState, { at, session }: SessionEvent): boolean {
  const run = runOf(session);
  if (run === undefined || run !== runOf(before.other_session)) return false;
  return at >= before.connected_at && before.last_heard_at >= (before.returned_at ?? before.connected_at);
}

function isOver(state: PresenceState, event: SessionEvent): boolean {
  return isShared(state) && isAlone(state, event);
}

/** Measured in either direction: a clock may have been put back. */
function isAlone({ returned_at: returned }: PresenceState, { at, nextExpectedAt }: SessionEvent): boolean {
  const heartbeatMs = nextExpectedAt.getTime() - at.getTime();
  const longEnough = Math.max(aloneMs, heartbeatsAlone * heartbeatMs);
  return returned === null || Math.abs(at.getTime() - returned.getTime()) >= longEnough;
}
