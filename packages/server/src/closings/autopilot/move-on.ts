import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { type NewEvent, writeEvents } from "../../events/write.ts";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import { hourMs, minuteMs } from "../../platform/time-spans.ts";
import { type Clocks, isOpenSince, type Moment, momentOf } from "../standing/standing.ts";
import type { ClosedStep } from "./close-due.ts";
import { type Decision, type Place, placeAfter } from "./decide.ts";
import { missedEvent } from "./missed.ts";
import { dueOf } from "./next-due.ts";
import { dayStands } from "./open-terminals.ts";
import { type Moved, movePlaces, type PlaceRow } from "./queries.ts";

export interface MoveDeps extends Clocks {
  db: Db;
  /** Called for each business day that was not closed in its time. Must not throw. */
  missed: () => void;
}

/** How often a store is read whose autopilot is off: rules of time zones change without a change of the store. */
const offMs = 24 * hourMs;
/** A close may be under way when the time to try is over; the decision waits for its end. */
const endsWithinMs = hourMs;
const soonMs = 2_000;
/** How often a store is read that has nothing open when its time comes: it may sell until the time to try is over. */
const idleMs = 10 * minuteMs;

/** Writes the new places of stores of one account after their decisions were carried out, and the events of missed days. */
export async function moveOn(deps: MoveDeps, accountId: string, steps: readonly ClosedStep[]): Promise<void> {
  const missed = await inTenant(deps.db, accountId, async (tx) => {
    const moment = await momentOf(tx, deps);
    const results: Result[] = [];
    for (const step of steps) results.push(await resultOf(tx, step, moment));
    const moved = await movePlaces(tx, accountId, results);
    const events = results.flatMap(({ from, event }) => (event && moved.has(from.storeRef) ? [event] : []));
    await writeEvents(tx, events);
    return events.length;
  });
  for (let told = 0; told < missed; told += 1) deps.missed();
}

type Result = Moved & { event?: NewEvent };

async function resultOf(tx: Tx, { place, plan, decision, isIdle }: ClosedStep, moment: Moment): Promise<Result> {
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
  const stands = await standsSince(tx, { plan, ...due }, moment);
  if (stands.open.length === 0) return {};
  return { event: missedEvent({ ...stands, ...due, plan, tried: stands.closing !== undefined }, moment.now) };
}

/** The outcome of a day that was to be closed, once the time to try is over. */
async function check(
  tx: Tx,
  { place, plan, decision }: { place: PlaceRow; plan: ClosingPlan; decision: Decision & { what: "check" } },
  moment: Moment,
): Promise<Result> {
  const { day, askedAt, until } = decision;
  const { now } = moment;
  const stands = await standsSince(tx, { plan, day, at: askedAt }, moment);
  const next: Result = { from: place, to: placeAfter(day, plan), lookAt: now };
  if (stands.open.length === 0) return next;
  const { closing } = stands;
  const endsSoon = closing && !closing.ended_at && closing.retry_until <= now;
  if (endsSoon && now.getTime() < until.getTime() + endsWithinMs)
    return { from: place, to: place, lookAt: new Date(now.getTime() + soonMs) };
  const at = dueOf(day, plan)?.at ?? askedAt;
  return { ...next, event: missedEvent({ ...stands, plan, day, at, until, tried: true }, now) };
}

/** How a day stands that was due at that instant. */
async function standsSince(tx: Tx, { plan, day, at }: { plan: ClosingPlan; day: string; at: Date }, moment: Moment) {
  const stands = await dayStands(tx, { plan, day }, moment);
  return { ...stands, open: stands.open.filter((member) => isOpenSince(member, at, moment)) };
}
