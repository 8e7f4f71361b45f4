import { createHash } from "node:crypto";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import { minuteMs } from "../../platform/time-spans.ts";
import { businessDayOf, dayAfter, endOf, startOf } from "../days/business-day.ts";
import { firstInstantAt } from "../days/time-zone.ts";

/** The settings that say when the days of a store are closed. */
export type DuePlan = Pick<ClosingPlan, "storeRef" | "rules" | "time" | "retryUntil" | "spread_minutes" | "exceptions">;

/** When a business day is to be closed, and until when that is tried. */
export interface Due {
  day: string;
  at: Date;
  until: Date;
}

const dayMinutes = 24 * 60;
/** How long before its end a day is closed whose time falls on the end, because clocks skip it. */
const leastWindowMs = 15 * minuteMs;

/**
 * When a business day is due; undefined if it is not to be closed, or is no day in the zone. There is one instant for each day,
 * within the day, over every change of the clocks: a time that comes twice counts when it comes first, and one that is skipped
 * counts when the clocks have gone on. A time before the begin of business days is that of the date after.
 */
export function dueOf(day: string, plan: DuePlan): Due | undefined {
  const { rules } = plan;
  const exception = plan.exceptions.find(({ date }) => date === day);
  const startsAt = startOf(day, rules);
  if (exception?.closed || !startsAt) return undefined;
  const endsAt = endOf(day, rules);
  const time = minutesOf(exception?.time ?? plan.time);
  const date = Date.parse(`${day}T00:00:00Z`) / minuteMs;
  const wall = date + time + (time < minutesOf(rules.startsAt) ? dayMinutes : 0);
  const latest = Math.max(startsAt.getTime(), endsAt.getTime() - leastWindowMs);
  const at = Math.min(Math.max(instantAt(plan, wall), startsAt.getTime()), latest);
  const tries = (minutesOf(plan.retryUntil) - (wall % dayMinutes) + 2 * dayMinutes - 1) % dayMinutes;
  const wanted = instantAt(plan, wall + tries + 1);
  const until = wanted <= at ? endsAt.getTime() : Math.min(wanted, endsAt.getTime());
  return { day, at: new Date(at + spreadMs(plan, until - at)), until: new Date(until) };
}

const mostDaysAhead = 366;

/** The first of a business day and those after it that is to be closed; undefined if none is for a year. */
export function firstDue(plan: DuePlan, from: string): Due | undefined {
  let day = from;
  for (let count = 0; count <= mostDaysAhead; count += 1) {
    const due = dueOf(day, plan);
    if (due) return due;
    day = dayAfter(day, plan.rules);
  }
  return undefined;
}

/** The first business day that is due after that instant; undefined if none is for a year. */
export function nextDue(plan: DuePlan, after: Date): Due | undefined {
  const running = businessDayOf(after, plan.rules);
  const due = firstDue(plan, running);
  return due && due.at <= after ? firstDue(plan, dayAfter(due.day, plan.rules)) : due;
}

/** The delay of a store's close: constant for the store, spread evenly over stores. At least half of the time to try is left. */
function spreadMs({ storeRef, spread_minutes: minutes }: DuePlan, windowMs: number): number {
  const most = Math.min(minutes * minuteMs, windowMs / 2);
  const share = createHash("sha256").update(storeRef).digest().readUInt32BE() / 2 ** 32;
  return Math.floor((share * most) / 1000) * 1000;
}

function instantAt({ rules }: DuePlan, wallMinutes: number): number {
  return firstInstantAt(rules.timeZone, wallMinutes * minuteMs);
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}
