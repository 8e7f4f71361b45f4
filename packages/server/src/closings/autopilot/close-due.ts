import { inTenant } from "../../db/tenants/tenant.ts";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import { type ClosingDeps, closeAlone } from "../asking/close-store.ts";
import type { ClosingRow } from "../queries.ts";
import { isOpenSince, momentOf } from "../standing/standing.ts";
import type { Decision } from "./decide.ts";
import { autopilotActor } from "./missed.ts";
import type { Due } from "./next-due.ts";
import { dayStands } from "./open-terminals.ts";
import type { PlaceRow } from "./queries.ts";

export interface Closers extends ClosingDeps {
  log: { warn(fields: object, text: string): void };
}

/** A store and the autopilot's decision about it. */
export interface Step {
  place: PlaceRow;
  plan: ClosingPlan | undefined;
  decision: Decision;
  /** Of the day that is to be closed, if it has one. */
  closing: ClosingRow | undefined;
}

/** What was done. */
export interface ClosedStep extends Step {
  /** Nothing was open. */
  isIdle: boolean;
}

/** Closes the store, if it is due. idle: nothing is open. failed: the store stays due at the same day. */
export async function closeDue(
  deps: Closers,
  { place, plan, decision, closing }: Step,
): Promise<"done" | "idle" | "failed"> {
  if (!plan || (decision.what !== "close" && decision.what !== "again")) return "done";
  const { accountId, storeId } = plan;
  const { day, until } = decision.due;
  const dueAt = decision.what === "close" ? decision.due.at : (place.askedAt ?? deps.clock.now());
  try {
    if (closing) return await goOn(deps, { plan, ...decision, closing });
    const body = { business_day: day, retry_until: until.toISOString() };
    const request = {
      accountId,
      clientId: autopilotActor,
      storeId,
      idempotencyKey: null,
      body,
      onlyIfOpenSince: dueAt,
    };
    const made = await deps.closeNew(request);
    if (made === "nothing_open") return "idle";
    if (made) {
      await closeAlone(deps, request, made);
      return "done";
    }
    const { moment, ...stands } = await inTenant(deps.db, accountId, async (tx) => {
      const at = await momentOf(tx, deps);
      return { moment: at, ...(await dayStands(tx, { plan, day }, at)) };
    });
    // Another request made it meanwhile.
    if (stands.closing) return await goOn(deps, { plan, ...decision, closing: stands.closing });
    // Nothing is left to close: it was closed at its terminals, or has none.
    if (!stands.open.some((member) => isOpenSince(member, dueAt, moment))) return "idle";
    await closeAlone(deps, request, undefined);
    return "done";
  } catch (error) {
    deps.log.warn(
      { err: error, account_id: accountId, store_id: storeId },
      "the autopilot could not close a store; it tries again",
    );
    return "failed";
  }
}

interface Going {
  plan: ClosingPlan;
  what: Decision["what"];
  due: Pick<Due, "day" | "until">;
  closing: ClosingRow;
}

/** Asks anew for the terminals that are missing in a closing. */
async function goOn(deps: Closers, { plan, what, due: { day, until }, closing }: Going): Promise<"done"> {
  // The closing keeps the terms of its request.
  if (what === "again") return "done";
  const { accountId, storeId } = plan;
  // A closing with a later `retry_until` keeps it.
  const retryUntil = !closing.ended_at && closing.retry_until > until ? closing.retry_until : until;
  const body = { business_day: day, retry_until: retryUntil.toISOString() };
  await closeAlone(deps, { accountId, clientId: autopilotActor, storeId, idempotencyKey: null, body }, undefined);
  return "done";
}
