import type { Autopilot } from "@tillkeeper/contract/http/store-configuration";
import type { Tx } from "../../db/db.ts";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import type { Clock } from "../../platform/clock.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { decide, placeAfter, whyOff } from "./decide.ts";
import { type Due, dueOf, nextDue } from "./next-due.ts";
import { findPlace } from "./queries.ts";

/** Makes the function that tells what the autopilot of a store does next, by the configuration as it is now. */
export function createShowAutopilot({ clock }: { clock: Pick<Clock, "now"> }) {
  return async (tx: Tx, plan: ClosingPlan): Promise<Autopilot> => {
    const why = whyOff(plan);
    if (why !== undefined) return { off_because: why };
    const now = clock.now();
    const place = (await findPlace(tx, plan)) ?? { day: null, askedAt: null, until: null };
    const decision = decide(plan, place, now);
    const due = "due" in decision ? decision.due : nextOf(plan, decision, now);
    if (!due) return { off_because: "No day of the coming year is to be closed: all are exceptions." };
    const { day, at, until } = due;
    return { next: { business_day: day, at: documentedTime(at), until: documentedTime(until) } };
  };
}

function nextOf(plan: ClosingPlan, decision: ReturnType<typeof decide>, now: Date): Due | undefined {
  if (!("day" in decision)) return nextDue(plan, now);
  const own = dueOf(decision.day, plan);
  if (decision.what === "wait" && own && own.at > now) return own;
  const { day } = placeAfter(decision.day, plan);
  const following = nextDue(plan, now);
  // After the day that is dealt with, even if its time is yet to come by a configuration that was changed meanwhile.
  return following && day !== null && following.day < day ? dueOf(day, plan) : following;
}
