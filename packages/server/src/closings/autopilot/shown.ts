import type { Autopilot } from "@tillkeeper/contract/http/store-configuration";
import type { Tx } from "../../db/db.ts";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import type { Clock } from "../../platform/clock.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { dayAfter } from "../days/business-day.ts";
import { type Place, whyOff } from "./decide.ts";
import { type Due, firstDue, nextDue } from "./next-due.ts";
import { findPlace } from "./queries.ts";

/** Makes the function that tells what the autopilot of a store does next, by the configuration as it is now. */
export function createShowAutopilot({ clock }: { clock: Pick<Clock, "now"> }) {
  return async (tx: Tx, plan: ClosingPlan): Promise<Autopilot> => {
    const why = whyOff(plan);
    if (why !== undefined) return { off_because: why };
    const now = clock.now();
    const place = (await findPlace(tx, plan)) ?? { day: null, askedAt: null, until: null };
    const due = nextOf(plan, place, now);
    if (!due) return { off_because: "No day of the coming year is to be closed: all are exceptions." };
    const { day, at, until } = due;
    return { next: { business_day: day, at: documentedTime(at), until: documentedTime(until) } };
  };
}

/** The day after the day that is being closed; otherwise the first day that is not dealt with, unless its time is over. */
function nextOf(plan: ClosingPlan, { day, askedAt }: Place, now: Date): Due | undefined {
  if (day === null) return nextDue(plan, now);
  const due = firstDue(plan, askedAt ? dayAfter(day, plan.rules) : day);
  return due && due.until > now ? due : nextDue(plan, now);
}
