import { limits } from "@tillkeeper/contract/limits";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import { dayMs } from "../../platform/time-spans.ts";
import { businessDayOf, dayAfter, endOf, startOf } from "../days/business-day.ts";
import { type Due, dueOf, nextDue } from "./next-due.ts";

/** Where the autopilot of a store stands. */
export interface Place {
  /** The first business day that is not dealt with; null while it is off. */
  day: string | null;
  /** Since when that day is being closed, and until when. */
  askedAt: Date | null;
  until: Date | null;
}

/**
 * What the autopilot does now. off, wait: nothing. close: the day is to be closed. again: nothing was
 * open when its time came, and it is closed if something is open now. check: the time to try is over, and the outcome
 * has to be read. missed: it is over, without an attempt. pass: the day is not to be closed.
 */
export type Decision =
  | { what: "off" }
  | { what: "wait"; day: string; lookAt: Date }
  | { what: "close" | "missed"; due: Due }
  | { what: "again"; due: Pick<Due, "day" | "until"> }
  | { what: "check"; day: string; askedAt: Date; until: Date }
  | { what: "pass"; day: string };

/** Why no day of a store is closed by itself, in words; undefined if they are. */
export function whyOff({
  enabled,
  status,
  guess,
}: Pick<ClosingPlan, "enabled" | "status" | "guess">): string | undefined {
  if (!enabled) return "The automatic end of day is not enabled.";
  if (guess !== undefined) return `The time zone is a guess. ${guess}`;
  if (status !== "ACTIVE") return "The store is suspended.";
  return undefined;
}

/** Decides what the autopilot does for a store, by its place and its present configuration. */
export function decide(plan: ClosingPlan, { day: known, askedAt, until }: Place, now: Date): Decision {
  if (known !== null && askedAt && until) {
    // A closing keeps the times of its request; a later configuration does not change it.
    if (now < until && whyOff(plan) !== undefined) return { what: "wait", day: known, lookAt: until };
    if (now < until) return { what: "again", due: { day: known, until } };
    return { what: "check", day: known, askedAt, until };
  }
  if (whyOff(plan) !== undefined) return { what: "off" };
  const day = dayToDealWith(plan, known, now);
  if (day === undefined) return { what: "off" };
  const due = dueOf(day, plan);
  if (due && now < due.at) return { what: "wait", day, lookAt: due.at };
  if (due) return { what: now < due.until ? "close" : "missed", due };
  const { rules } = plan;
  // A date that the zone does not have, after the zone was changed, has no end.
  const endsAt = startOf(day, rules) ? endOf(day, rules) : now;
  return now < endsAt ? { what: "wait", day, lookAt: endsAt } : { what: "pass", day };
}

/** The day of the place, unless it is too long ago to be closed; otherwise the first day whose time is yet to come. */
function dayToDealWith(plan: ClosingPlan, known: string | null, now: Date): string | undefined {
  if (known === null) return nextDue(plan, now)?.day;
  const oldest = businessDayOf(new Date(now.getTime() - limits.closingDaysBack * dayMs), plan.rules);
  return known < oldest ? oldest : known;
}

/** The place after a day that is dealt with. */
export function placeAfter(day: string, plan: ClosingPlan): Place {
  return { day: dayAfter(day, plan.rules), askedAt: null, until: null };
}
