import { closingStateOf } from "@tillkeeper/contract/closings/rules";
import type { ClosingReason, ClosingStep, ClosingTerminalState } from "@tillkeeper/contract/closings/states";
import type { Tx } from "../../db/db.ts";
import { type ClosingPlan, closingPlans } from "../../merchants/stores/closing-plan.ts";
import { hourMs } from "../../platform/time-spans.ts";
import { whyOff } from "../autopilot/decide.ts";
import { dueOf } from "../autopilot/next-due.ts";
import { type DayStands, dayStands } from "../autopilot/open-terminals.ts";
import { findPlace } from "../autopilot/queries.ts";
import { findClosings, readFacts } from "../queries.ts";
import { byClosing, type Clocks, type Member, membersOf, momentOf } from "./standing.ts";

/** A business day of a store. */
export interface StoreDay {
  accountId: string;
  storeRef: string;
  /** YYYY-MM-DD. */
  day: string;
}

/** Of these closings of an account, the days of those that have ended with terminals that are not, or perhaps not, closed. */
export async function unclosedDays(
  tx: Tx,
  clocks: Clocks,
  { accountId, ids }: { accountId: string; ids: readonly string[] },
): Promise<(StoreDay & { until: Date })[]> {
  const ended = (await findClosings(tx, accountId, ids)).filter(({ ended_at: at }) => at !== null);
  if (ended.length === 0) return [];
  const moment = await momentOf(tx, clocks);
  const rows = await readFacts(
    tx,
    accountId,
    ended.map(({ id }) => id),
  );
  const facts = byClosing(rows);
  return ended.flatMap((closing) => {
    const members = membersOf(closing, facts.get(closing.id) ?? [], moment);
    const state = closingStateOf(members.map(({ standing }) => standing.state));
    if (state !== "partly_closed" && state !== "unknown") return [];
    return [{ accountId, storeRef: closing.store_ref, day: closing.business_day, until: closing.retry_until }];
  });
}

/** A terminal that is not closed, or may not be. */
export interface OpenTerminal {
  terminalId: string;
  state: ClosingTerminalState;
  reason?: ClosingReason;
  step: ClosingStep;
}

/** How a business day stands, for people who are told of it. */
export interface UnclosedDay {
  plan: ClosingPlan;
  /** How many terminals the day has to do with. */
  terminals: number;
  open: OpenTerminal[];
  /** Whether a request has asked to close it. */
  asked: boolean;
  /** Until when the server goes on by itself; undefined: it does not. */
  triedUntil?: Date;
}

const soonMs = 30_000;
/** For so long after the time to try the autopilot may wait for closes that are under way. */
const endsWithinMs = 2 * hourMs;

/** Reads how a business day stands now; undefined if its store is gone. */
export async function readDay(tx: Tx, clocks: Clocks, of: StoreDay): Promise<UnclosedDay | undefined> {
  const { accountId, storeRef, day } = of;
  const moment = await momentOf(tx, clocks);
  const [plan] = await closingPlans(tx, accountId, { ids: [storeRef], now: moment.now });
  if (!plan) return undefined;
  const stands = await dayStands(tx, { plan, day }, moment);
  const instants = [closingTries(stands, moment.now), await autopilotTries(tx, { plan, day }, moment.now)];
  const triedUntil = instants.reduce((one, other) => (one && other && other > one ? other : (one ?? other)));
  return {
    plan,
    terminals: stands.members.filter(
      ({ standing: { state, reason } }) => state !== "not_needed" || reason === "not_asked",
    ).length,
    open: stands.open.map((member) => openTerminal(member, stands)),
    asked: stands.closing !== undefined,
    ...(triedUntil && { triedUntil }),
  };
}

function openTerminal({ row, standing: { state, reason, step } }: Member, { closing }: DayStands): OpenTerminal {
  const isUnknown = closing !== undefined && state === "unknown";
  return {
    terminalId: row.terminal_id,
    state: isUnknown ? "unknown" : "failed",
    // Without a closing there was no attempt, so the terminal did not fail for a reason.
    ...(closing && reason !== undefined && { reason }),
    step: (closing && step) ?? "close_the_day",
  };
}

/** Until when the closing of the day goes on, or would be gone on with. */
function closingTries({ closing }: DayStands, now: Date): Date | undefined {
  if (!closing) return undefined;
  if (closing.retry_until > now) return closing.retry_until;
  return closing.ended_at ? undefined : new Date(now.getTime() + soonMs);
}

/** Until when the autopilot has the day before it, or in hand. */
async function autopilotTries(
  tx: Tx,
  { plan, day }: { plan: ClosingPlan; day: string },
  now: Date,
): Promise<Date | undefined> {
  const place = await findPlace(tx, plan);
  if (!place || place.day === null || place.day > day) return undefined;
  const inHand = place.day === day ? place.until : null;
  if (!inHand && whyOff(plan) !== undefined) return undefined;
  const until = inHand ?? dueOf(day, plan)?.until;
  if (!until || now.getTime() > until.getTime() + endsWithinMs) return undefined;
  return until > now ? until : new Date(now.getTime() + soonMs);
}
