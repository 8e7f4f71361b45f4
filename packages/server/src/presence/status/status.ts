import { type PresenceReason, type PresenceStatus, presenceDelays } from "@tillkeeper/contract/presence";

export type HeardStatus = Exclude<PresenceStatus, "never">;

/** The stored times that a status is derived from. */
export interface PresenceTimes {
  /** The status that was written last. */
  status: HeardStatus;
  since: Date;
  last_heard_at: Date;
  next_expected_at: Date | null;
  lost_at: Date | null;
  shut_down_at: Date | null;
}

export interface Standing {
  status: HeardStatus;
  since: Date;
  /** Why the terminal is not online; undefined when it is. */
  reason?: PresenceReason;
}

/**
 * The time of a change that follows one at `since`. Changes of one terminal never share a millisecond, and a delayed
 * message never yields an earlier time. So their ids, which begin with the time, keep their order.
 */
export function changedAt(at: Date, since: Date | undefined): Date {
  return since === undefined || at > since ? at : new Date(since.getTime() + 1);
}

/** Clocks of servers differ by seconds. A time further ahead was written before a clock was put back. */
export const mostAheadMs = 60_000;

const written = [
  "since",
  "connected_at",
  "last_heard_at",
  "lost_at",
  "shut_down_at",
  "fault_at",
  "fault_ended_at",
  "returned_at",
] as const;
type Written = Pick<PresenceTimes, "last_heard_at" | "next_expected_at"> & {
  [name in (typeof written)[number]]?: Date | null;
};

/** Replaces times that lie ahead by `before`: nothing else is known of them than that they were earlier. */
export function withoutFutureTimes<T extends Written>(known: T, now: Date, before: Date): T {
  const horizon = now.getTime() + mostAheadMs;
  const ahead = written.filter((name) => (known[name]?.getTime() ?? 0) > horizon);
  if (ahead.length === 0) return known;
  const heardAhead = ahead.includes("last_heard_at") && known.next_expected_at !== null;
  return {
    ...known,
    ...Object.fromEntries(ahead.map((name) => [name, before])),
    ...(heardAhead && { next_expected_at: before }),
  };
}

/** After a gap in which no server listened, terminals have so long to reconnect before they are overdue. */
export const comeBackMs = 30_000;

/**
 * The status of a terminal at a given time: the only place that decides it. It follows from stored times, so it does
 * not depend on when a worker last ran. `listeningSince` is when the servers began to listen without a gap. Time in
 * which no server listened does not count as silence.
 */
export function statusAt(known: PresenceTimes, listeningSince: Date, now: Date): Standing {
  const times = withoutFutureTimes(known, now, listeningSince);
  const { status, since, next_expected_at: expected, lost_at: lost, shut_down_at: shutDown } = times;
  if (shutDown) return { status, since, reason: "goodbye" };
  const heardAgainBy = listeningSince.getTime() + comeBackMs;
  if (lost) {
    const offlineAt = lost.getTime() + presenceDelays.lostOfflineAfterMs;
    const due = lost < listeningSince ? Math.max(offlineAt, heardAgainBy) : offlineAt;
    return movedForward(times, now, { reason: "link_lost", lateAt: lost.getTime(), offlineAt: due });
  }
  // A connection that is not known to have ended always has a deadline.
  const deadline = Math.max(expected?.getTime() ?? 0, heardAgainBy);
  return movedForward(times, now, {
    reason: "silent",
    lateAt: deadline + presenceDelays.lateAfterMs,
    offlineAt: deadline + presenceDelays.silentOfflineAfterMs,
  });
}

interface Deadlines {
  reason: PresenceReason;
  lateAt: number;
  offlineAt: number;
}

/** Moves the status forward only: a late terminal does not become late anew, nor an offline one late. */
function movedForward({ status, since }: PresenceTimes, now: Date, { reason, lateAt, offlineAt }: Deadlines): Standing {
  const step = (to: HeardStatus, at: number) => ({ status: to, since: changedAt(new Date(at), since), reason });
  if (status !== "offline" && now.getTime() >= offlineAt) return step("offline", offlineAt);
  if (status === "online" && now.getTime() >= lateAt) return step("late", lateAt);
  return { status, since, ...(status !== "online" && { reason }) };
}

/** The changes of a terminal since it was last written, in order: a terminal that is offline now was late before. */
export function stepsUntil(times: PresenceTimes, listeningSince: Date, now: Date): Standing[] {
  const last = statusAt(times, listeningSince, now);
  if (last.status === times.status) return [];
  if (times.status !== "online" || last.status !== "offline") return [last];
  const first = statusAt(times, listeningSince, new Date(last.since.getTime() - 1));
  return [first, { ...last, since: changedAt(last.since, first.since) }];
}

/** Whether a terminal may be connected, judged by its own messages; its silence means that it is not. */
export function mayBeConnected(known: PresenceTimes | undefined, listeningSince: Date, now: Date): boolean {
  return !known || ["online", "late"].includes(statusAt(known, listeningSince, now).status);
}
