import { Temporal } from "temporal-polyfill";

/** What says when a store's business days begin and are closed, as the plan has it. */
export interface DayConfiguration {
  zone: string;
  /** HH:MM. */
  startsAt: string;
  time: string;
  retryUntil: string;
  spreadMinutes: number;
  exceptions: readonly { date: string; closed?: true; time?: string }[];
}

/** A business day, all in epoch milliseconds. */
export interface Day {
  label: string;
  startsAt: number;
  endsAt: number;
  /** Absent on a day that is an exception and stays open. */
  window?: { from: number; latestFrom: number; until: number };
}

const minuteMs = 60_000;
const leastWindowMs = 15 * minuteMs;

/**
 * The first instant at which clocks of the zone show that date and time, or have passed it. This is the program's own reading of
 * zones, by another library than the server's: what it says is compared with what the server does.
 */
function instantOf(zone: string, date: Temporal.PlainDate, time: string): number {
  const wanted = date.toPlainDateTime(Temporal.PlainTime.from(time));
  const zoned = wanted.toZonedDateTime(zone, { disambiguation: "earlier" });
  if (zoned.toPlainDateTime().equals(wanted)) return zoned.epochMilliseconds;
  // The time is skipped: what counts is the instant at which clocks go on.
  return (zoned.getTimeZoneTransition("next") as Temporal.ZonedDateTime).epochMilliseconds;
}

/** The date of which the instant is, by clocks of the zone. */
export function localTime(zone: string, at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
}

function laterThan(time: string, other: string): boolean {
  return Temporal.PlainTime.compare(Temporal.PlainTime.from(time), Temporal.PlainTime.from(other)) > 0;
}

/** A business day by its name, YYYY-MM-DD. */
export function dayOf(label: string, configuration: DayConfiguration): Day {
  const { zone, startsAt: begin, retryUntil, spreadMinutes, exceptions } = configuration;
  const date = Temporal.PlainDate.from(label);
  const startsAt = instantOf(zone, date, begin);
  const endsAt = instantOf(zone, date.add({ days: 1 }), begin);
  const exception = exceptions.find((one) => one.date === label);
  const day = { label, startsAt, endsAt };
  if (exception?.closed) return day;
  const time = exception?.time ?? configuration.time;
  const dueDate = laterThan(begin, time) ? date.add({ days: 1 }) : date;
  const from = Math.min(Math.max(instantOf(zone, dueDate, time), startsAt), endsAt - leastWindowMs);
  const untilDate = laterThan(retryUntil, time) ? dueDate : dueDate.add({ days: 1 });
  const wanted = instantOf(zone, untilDate, retryUntil);
  const until = wanted <= from ? endsAt : Math.min(wanted, endsAt);
  const spread = Math.min(spreadMinutes * minuteMs, (until - from) / 2);
  return { ...day, window: { from, latestFrom: from + spread, until } };
}

/** The names of the business days that touch the span of time. */
export function labelsBetween(zone: string, from: number, until: number): string[] {
  const last = localTime(zone, until).toPlainDate();
  const labels: string[] = [];
  let date = localTime(zone, from).toPlainDate().subtract({ days: 1 });
  while (Temporal.PlainDate.compare(date, last) <= 0) {
    labels.push(date.toString());
    date = date.add({ days: 1 });
  }
  return labels;
}

/** The changes of clocks in the zone within the span of time. */
export function clockChanges(zone: string, from: number, until: number): number[] {
  const changes: number[] = [];
  let at = localTime(zone, from).getTimeZoneTransition("next");
  while (at && at.epochMilliseconds < until) {
    changes.push(at.epochMilliseconds);
    at = at.getTimeZoneTransition("next");
  }
  return changes;
}
