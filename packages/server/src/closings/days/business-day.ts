import type { DayRules } from "../../merchants/stores/days.ts";
import { firstInstantAt, wallClockMs } from "./time-zone.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** A date as the milliseconds of a UTC clock at its midnight. */
function midnight(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

function dateOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/**
 * When the business day of this name (YYYY-MM-DD) begins: the first instant of the date at which clocks show
 * `startsAt` or later (D30). `undefined` for a date that the zone skipped: 30 December 2011 was none in Samoa.
 */
export function startOf(day: string, { timeZone, startsAt }: DayRules): Date | undefined {
  const start = firstInstantAt(timeZone, midnight(day) + minutesOf(startsAt) * minuteMs);
  const exists =
    dateOf(wallClockMs(timeZone, start)) === day ||
    dateOf(wallClockMs(timeZone, firstInstantAt(timeZone, midnight(day)))) === day;
  return exists ? new Date(start) : undefined;
}

/** The next business day. A date that the zone skipped is none. */
export function dayAfter(day: string, rules: DayRules): string {
  const next = dateOf(midnight(day) + dayMs);
  return startOf(next, rules) ? next : dayAfter(next, rules);
}

/** When the business day ends, which is when the next one begins. */
export function endOf(day: string, rules: DayRules): Date {
  return startOf(dayAfter(day, rules), rules) as Date;
}

/** The business day to which the instant belongs: the day that began last (D30). */
export function businessDayOf(at: Date, rules: DayRules): string {
  let day = dateOf(wallClockMs(rules.timeZone, at.getTime()) + dayMs);
  for (;;) {
    const start = startOf(day, rules);
    if (start && start <= at) return day;
    day = dateOf(midnight(day) - dayMs);
  }
}
