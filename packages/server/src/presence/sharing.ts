import { runOf } from "@tillkeeper/contract/message-parts";
import { addressShared } from "@tillkeeper/contract/presence";
import { minuteMs } from "../platform/time-spans.ts";
import type { After, PresenceEvent, PresenceState, Step } from "./events.ts";
import { changedAt } from "./status.ts";

/** Once may be a message that came late. */
const returnsOfTwo = 3;
/** With one device alone for so long, or for three heartbeats if that is longer, the fault is over. */
export const aloneMs = 5 * minuteMs;
const heartbeatsAlone = 3;
const message =
  "Two devices use the address of this terminal. Find the copy, and pair the terminal anew or give it another password.";

type Named = Extract<PresenceEvent, { kind: "hello" | "heartbeat" }>;

/**
 * Finds that two devices use one address. Each start of a device's program is a run, which its sessions name. Of one device the
 * earlier run has ended when the next one speaks; one that returns after that, again and again, is another device.
 */
export function withSharing(before: PresenceState | undefined, { state, change }: Step, event: PresenceEvent): After {
  const changes = change ? [change] : [];
  if (!before || !state || (event.kind !== "hello" && event.kind !== "heartbeat")) return { state, changes };
  const known = withOther(before, state);
  if (!returns(before, event))
    return { state: isOver(known, event) ? { ...known, fault_ended_at: event.at } : known, changes };
  const counted = { ...known, returns: isAlone(before, event) ? 1 : before.returns + 1, returned_at: event.at };
  if (counted.returns < returnsOfTwo || isShared(counted)) return { state: counted, changes };
  // Its status stays, and so does since when it has that.
  const told = { at: changedAt(event.at, state.since), status: state.status, reason: addressShared } as const;
  return { state: { ...counted, ...fault, fault_at: event.at }, changes: [...changes, told] };
}

const fault = { fault_code: addressShared, fault_message: message, fault_ended_at: null };

/** Whether the fault is that one. What devices tell of faults meanwhile is not shown: nobody knows which of them has it. */
export function isShared({ fault_code, fault_ended_at, returned_at }: PresenceState): boolean {
  return fault_code === addressShared && fault_ended_at === null && returned_at !== null;
}

/** Remembers the run that another takes the place of. One that names none may be any. */
function withOther(before: PresenceState, state: PresenceState): PresenceState {
  const [run, earlier] = [runOf(state.session), runOf(before.session)];
  if (state.session === before.session || (run !== undefined && run === earlier)) return state;
  return { ...state, other_session: run === undefined || earlier === undefined ? null : before.session };
}

/** Whether the earlier run speaks, and the one in its place was heard since it last did. */
function returns(before: PresenceState, { at, session }: Named): boolean {
  const run = runOf(session);
  if (run === undefined || run !== runOf(before.other_session)) return false;
  return at >= before.connected_at && before.last_heard_at >= (before.returned_at ?? before.connected_at);
}

function isOver(state: PresenceState, event: Named): boolean {
  return isShared(state) && isAlone(state, event);
}

/** In either direction: a clock may have been put back. */
function isAlone({ returned_at: returned }: PresenceState, { at, nextExpectedAt }: Named): boolean {
  const heartbeatMs = nextExpectedAt.getTime() - at.getTime();
  const longEnough = Math.max(aloneMs, heartbeatsAlone * heartbeatMs);
  return returned === null || Math.abs(at.getTime() - returned.getTime()) >= longEnough;
}
