import type { HookResume, HookSubscription } from "@tillkeeper/contract/http/hook-schemas";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { lastPosition } from "../../events/read.ts";
import type { Caller } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { type HookDeps, insertPing, lockSubscription, openSubscription, subjectOf } from "./subscriptions.ts";

/** Sends a ping. Throws `hook_subscription_not_found`. */
export async function pingSubscription(deps: HookDeps, { accountId }: Caller, id: string): Promise<void> {
  await inTenant(deps.db, accountId, async (tx) => {
    const { shown } = await openSubscription(tx, deps, { accountId, id });
    await insertPing(tx, deps.clock, shown);
  });
  deps.wake();
}

/** Pauses a subscription: what waits is kept. Throws `hook_subscription_not_found`. */
export function pauseSubscription(deps: HookDeps, caller: Caller, id: string): Promise<HookSubscription> {
  const { accountId } = caller;
  return inTenant(deps.db, accountId, async (tx) => {
    const { row, shown: before } = await lockSubscription(tx, deps, caller, id);
    if (row.state === "paused") return before;
    const last = await lastPosition(tx, accountId);
    await tx
      .updateTable("hook_subscriptions")
      .set({
        state: "paused",
        paused_reason: "asked",
        paused_at: deps.clock.now(),
        paused_position: String(last),
        resumed_position: null,
        slow: true,
        ...changedBy(deps, caller),
      })
      .where("account_id", "=", accountId)
      .where("id", "=", id)
      .execute();
    // Out of the way of others.
    await tx
      .updateTable("hook_deliveries")
      .set({ lane: 1 })
      .where("subscription_id", "=", id)
      .where("state", "=", "waiting")
      .where("lane", "=", 0)
      .execute();
    return record(tx, deps, caller, { id, before, action: "hook_subscription.pause" });
  });
}

/**
 * Lets a paused subscription go on with what waits, and on request with what it has missed. Throws `hook_subscription_not_found`.
 */
export async function resumeSubscription(
  deps: HookDeps,
  caller: Caller,
  id: string,
  { missed = false }: HookResume,
): Promise<HookSubscription> {
  const { accountId } = caller;
  const resumed = await inTenant(deps.db, accountId, async (tx) => {
    const { row, shown: before } = await lockSubscription(tx, deps, caller, id);
    if (row.state === "active") return before;
    const now = deps.clock.now();
    await tx
      .updateTable("hook_subscriptions")
      .set({
        state: "active",
        paused_reason: null,
        paused_at: null,
        resumed_position: String(await lastPosition(tx, accountId)),
        failing_since: null,
        ...changedBy(deps, caller),
      })
      .where("account_id", "=", accountId)
      .where("id", "=", id)
      .execute();
    // Waiting deliveries are tried at once, before their scheduled times.
    await tx
      .updateTable("hook_deliveries")
      .set({ due_at: now, attempts: 0, first_attempt_at: null })
      .where("subscription_id", "=", id)
      .where("state", "=", "waiting")
      .execute();
    if (missed) {
      // Carried out after this commit, from when on new events reach the subscription: so none falls between.
      await tx
        .insertInto("hook_replays")
        .values({
          account_id: accountId,
          subscription_id: id,
          id: newId(now),
          from_position: String(Number(row.paused_position ?? 0) + 1),
          to_position: lastOfAll,
          again: false,
          created_at: now,
        })
        .execute();
    }
    return record(tx, deps, caller, { id, before, action: "hook_subscription.resume" });
  });
  deps.wake();
  return resumed;
}

/** A range up to here ends with the last event that there is. */
export const lastOfAll = String(Number.MAX_SAFE_INTEGER);

function changedBy({ clock }: HookDeps, { clientId }: Caller) {
  return { updated_at: clock.now(), updated_by: clientId };
}

async function record(
  tx: Tx,
  deps: HookDeps,
  caller: Caller,
  { id, before, action }: { id: string; before: HookSubscription; action: string },
): Promise<HookSubscription> {
  const { shown: after } = await openSubscription(tx, deps, { accountId: caller.accountId, id });
  await recordChange(tx, deps.clock, caller, { action, subject: subjectOf(id), before, after });
  return after;
}
