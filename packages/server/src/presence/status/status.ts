import { type PresenceReason, type PresenceStatus, presenceDelays } from "@tillkeeper/contract/presence";

export type HeardStatus = Exclude<PresenceStatus, "never">;

/** What a status follows from. */
export interface PresenceTimes {
  /** As last written, and since when. */
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
  /** Why it is not there; undefined of one that is. */
  reason?: PresenceReason;
}

/**
 * The instant of a change that comes after the one at `since`. Changes of one terminal never share a millisecond, and none
 * goes before an earlier one because its message had to wait: so their ids, which begin with their time, keep their order.
 */
export function changedAt(at: Date, since: Date | undefined): Date {
  return since === undefined || at > since ? at : new Date(since.getTime() + 1);
}

/** Clocks of servers differ by seconds. What lies further ahead was written before a clock was put back. */
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

/** The same without instants that lie ahead: of those nothing is known but that they were before `before`. */
export function asOf<T extends Written>(known: T, now: Date, before: Date): T {
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

/** After a gap in which no server listened nobody is overdue for this long: time to come back and be heard. */
export const comeBackMs = 30_000;

/**
 * The status of a terminal at an instant: the one place that decides. It follows from times alone, so that no worker has
 * to have come by. `listeningSince` is when the servers began to listen without a gap: who could not be heard is not to
 * blame.
 */
export function standingAt(known: PresenceTimes, listeningSince: Date, now: Date): Standing {
  const times = asOf(known, now, listeningSince);
  const { status, since, next_expected_at: expected, lost_at: lost, shut_down_at: shutDown } = times;
  if (shutDown) return { status, since, reason: "goodbye" };
  const heardAgainBy = listeningSince.getTime() + comeBackMs;
  if (lost) {
    const offlineAt = lost.getTime() + presenceDelays.lostOfflineAfterMs;
    const due = lost < listeningSince ? Math.max(offlineAt, heardAgainBy) : offlineAt;
    return absent(times, now, { reason: "link_lost", lateAt: lost.getTime(), offlineAt: due });
  }
  // There is always something expected of one that is not known to have gone.
  const deadline = Math.max(expected?.getTime() ?? 0, heardAgainBy);
  return absent(times, now, {
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

/** What was found before stays as it was found: neither does a late terminal become late anew, nor an offline one late. */
function absent({ status, since }: PresenceTimes, now: Date, { reason, lateAt, offlineAt }: Deadlines): Standing {
  const step = (to: HeardStatus, at: number) => ({ status: to, since: changedAt(new Date(at), since), reason });
  if (status !== "offline" && now.getTime() >= offlineAt) return step("offline", offlineAt);
  if (status === "online" && now.getTime() >= lateAt) return step("late", lateAt);
  return { status, since, ...(status !== "online" && { reason }) };
}

/** What has become of a terminal since it was last written down, in order: who is offline by now was late before. */
export function stepsUntil(times: PresenceTimes, listeningSince: Date, now: Date): Standing[] {
  const last = standingAt(times, listeningSince, now);
  if (last.status === times.status) return [];
  if (times.status !== "online" || last.status !== "offline") return [last];
  const first = standingAt(times, listeningSince, new Date(last.since.getTime() - 1));
  return [first, { ...last, since: changedAt(last.since, first.since) }];
}

/** Whether a terminal may be connected where only its own words tell; its silence says that it is not. */
export function mayBeConnected(known: PresenceTimes | undefined, listeningSince: Date, now: Date): boolean {
  return !known || ["online", "late"].includes(standingAt(known, listeningSince, now).status);
}
