import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { type NewEvent, writeEvents } from "../../events/write.ts";
import { type ClosingPlan, closingPlans } from "../../merchants/stores/closing-plan.ts";
import { hourMs, minuteMs } from "../../platform/time-spans.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { type ClosingDeps, closeStore } from "../close-store.ts";
import { type Moment, momentOf } from "../standing.ts";
import { type Decision, decide, type Place, placeAfter } from "./decide.ts";
import { autopilotActor, missedEvent } from "./missed.ts";
import { dueOf } from "./next-due.ts";
import { dayStands } from "./open-terminals.ts";
import { claimStores, type Moved, movePlaces, type PlaceRow } from "./queries.ts";

export interface AutopilotDeps extends ClosingDeps {
  log: { warn(fields: object, text: string): void };
  /** Called for each business day that was not closed in its time. Must not throw. */
  missed: () => void;
}

const everyMs = 1_000;
const mostAtOnce = 200;
/** Another server looks after so long, if this one dies with what it has claimed. */
const againMs = 30_000;
/** While it is off a store is looked at so often: rules of time zones change without a change of the store. */
const offMs = 24 * hourMs;
/** A close may be under way when the time to try is over; its end is waited for. */
const endsWithinMs = hourMs;
const soonMs = 2_000;
/** A store in which nothing is open when its time comes is looked at so often: it may sell until the time to try is over. */
const idleMs = 10 * minuteMs;

/**
 * Closes stores by themselves (D32). Any number of servers take turns: each claims stores that are due and closes them as a request
 * does, which makes one closing of a day however often it is done. Then it moves the store on to its next day, unless the store was changed
 * meanwhile. So a server that dies in between leaves nothing behind that the next one does not do once more to the same end.
 */
export function autopilotWorker(deps: AutopilotDeps): Worker {
  return every(
    "closings.autopilot",
    everyMs,
    async () => {
      const now = deps.clock.now();
      const again = new Date(now.getTime() + againMs);
      const claimed = await claimStores(deps.db.sql, { now, again, limit: mostAtOnce });
      const accounts = Map.groupBy(claimed, ({ accountId }) => accountId);
      const moved = await Promise.all([...accounts].map(([accountId, places]) => lookAfter(deps, accountId, places)));
      return claimed.length === mostAtOnce || moved.includes(true);
    },
    { backWithinMs: everyMs },
  );
}

interface Step {
  place: PlaceRow;
  plan: ClosingPlan | undefined;
  decision: Decision;
}

/** Does what is due for stores of one account. Answers whether some are to be looked at again at once. */
async function lookAfter(deps: AutopilotDeps, accountId: string, places: readonly PlaceRow[]): Promise<boolean> {
  const { db, clock } = deps;
  const steps = await inTenant(db, accountId, async (tx): Promise<Step[]> => {
    const now = clock.now();
    const plans = await closingPlans(tx, accountId, { ids: places.map(({ storeRef }) => storeRef), now });
    const byStore = new Map(plans.map((plan) => [plan.storeRef, plan]));
    return places.map((place) => {
      const plan = byStore.get(place.storeRef);
      return { place, plan, decision: plan ? decide(plan, place, now) : { what: "off" } };
    });
  });
  const ends = await Promise.all(steps.map((step) => closeDue(deps, step)));
  const done = steps.flatMap((step, index) =>
    ends[index] === "failed" ? [] : { ...step, isIdle: ends[index] === "idle" },
  );
  const { events, again } = await inTenant(db, accountId, async (tx) => {
    const moment = await momentOf(tx, deps);
    const results = [];
    for (const step of done) results.push(await resultOf(tx, step, moment));
    const moved = await movePlaces(tx, accountId, results);
    const missed = results.flatMap(({ from, event }) => (event && moved.has(from.storeRef) ? [event] : []));
    await writeEvents(tx, missed);
    return { events: missed, again: results.some(({ lookAt }) => lookAt !== null && lookAt <= moment.now) };
  });
  for (const _ of events) deps.missed();
  return again;
}

/** Closes the store, if its time has come. idle: nothing is open. failed: it stays due, and is not moved on. */
async function closeDue(deps: AutopilotDeps, { plan, decision }: Step): Promise<"done" | "idle" | "failed"> {
  if (!plan || (decision.what !== "close" && decision.what !== "again")) return "done";
  const { accountId, storeId } = plan;
  const { day, until } = decision.due;
  try {
    const { closing, open } = await inTenant(deps.db, accountId, async (tx) =>
      dayStands(tx, { plan, day }, await momentOf(tx, deps)),
    );
    // Nothing is left to close: it was closed at its terminals, or has none.
    if (!closing && open.length === 0) return "idle";
    // What was asked for goes on as it was asked for.
    if (closing && decision.what === "again") return "done";
    // A request that asked for more patience keeps it.
    const retryUntil = closing && !closing.ended_at && closing.retry_until > until ? closing.retry_until : until;
    const body = { business_day: day, retry_until: retryUntil.toISOString() };
    await closeStore(deps, { accountId, clientId: autopilotActor, storeId, idempotencyKey: null, body });
    return "done";
  } catch (error) {
    deps.log.warn(
      { err: error, account_id: accountId, store_id: storeId },
      "the autopilot could not close a store; it tries again",
    );
    return "failed";
  }
}

type Result = Moved & { event?: NewEvent };

async function resultOf(
  tx: Tx,
  { place, plan, decision, isIdle }: Step & { isIdle: boolean },
  moment: Moment,
): Promise<Result> {
  const { now } = moment;
  const to = (next: Place, lookAt: Date | null): Result => ({ from: place, to: next, lookAt });
  const nothing: Place = { day: null, askedAt: null, until: null };
  const nextLook = (until: Date) => (isIdle ? new Date(Math.min(until.getTime(), now.getTime() + idleMs)) : until);
  if (!plan) return to(nothing, null);
  switch (decision.what) {
    case "off":
      return to(nothing, new Date(now.getTime() + offMs));
    case "wait":
      return to({ ...place, day: decision.day }, decision.lookAt);
    case "close":
      return to({ day: decision.due.day, askedAt: now, until: decision.due.until }, nextLook(decision.due.until));
    case "again":
      return to(place, nextLook(decision.due.until));
    case "pass":
      return to(placeAfter(decision.day, plan), now);
    case "missed":
      return { ...to(placeAfter(decision.due.day, plan), now), ...(await missedOf(tx, plan, decision.due, moment)) };
    default:
      return check(tx, { place, plan, decision }, moment);
  }
}

/** The event of a business day that was not closed in its time, if a terminal had something to close. */
async function missedOf(
  tx: Tx,
  plan: ClosingPlan,
  due: { day: string; at: Date; until: Date },
  moment: Moment,
): Promise<{ event?: NewEvent }> {
  const stands = await dayStands(tx, { plan, day: due.day }, moment);
  if (stands.open.length === 0) return {};
  return { event: missedEvent({ ...stands, ...due, plan, tried: stands.closing !== undefined }, moment.now) };
}

/** What came of a day that was to be closed, once the time to try is over. */
async function check(
  tx: Tx,
  { place, plan, decision }: { place: PlaceRow; plan: ClosingPlan; decision: Decision & { what: "check" } },
  moment: Moment,
): Promise<Result> {
  const { day, askedAt, until } = decision;
  const { now } = moment;
  const stands = await dayStands(tx, { plan, day }, moment);
  const next: Result = { from: place, to: placeAfter(day, plan), lookAt: now };
  if (stands.open.length === 0) return next;
  const { closing } = stands;
  const endsSoon = closing && !closing.ended_at && closing.retry_until <= now;
  if (endsSoon && now.getTime() < until.getTime() + endsWithinMs)
    return { from: place, to: place, lookAt: new Date(now.getTime() + soonMs) };
  const at = dueOf(day, plan)?.at ?? askedAt;
  return { ...next, event: missedEvent({ ...stands, plan, day, at, until, tried: true }, now) };
}
