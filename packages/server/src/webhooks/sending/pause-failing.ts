import { recordChange } from "../../access/audit/audit.ts";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { lastPosition } from "../../events/read.ts";
import { writeEvents } from "../../events/write.ts";
import type { Clock } from "../../platform/clock.ts";
import { openSubscription, subjectOf, subscriptionNotFound } from "../subscriptions/subscriptions.ts";
import type { Claimed } from "./claim.ts";

const actor = { clientId: "system", address: "", requestId: "webhooks" };

/**
 * Pauses a subscription of which an event was given up, if nothing was taken since the first attempt of that event: more than a
 * day. It is never deleted; what waits is kept, and an event tells others.
 */
export async function pauseFailing({ db, clock }: { db: Db; clock: Clock }, delivery: Claimed): Promise<void> {
  const { account_id: accountId, subscription_id: id, first_attempt_at: firstAt } = delivery;
  await inTenant(db, accountId, async (tx) => {
    const opened = await openSubscription(tx, { clock }, { accountId, id }, { lock: true }).catch((error: unknown) => {
      if ((error as { code?: string }).code === subscriptionNotFound().code) return undefined;
      throw error;
    });
    if (!opened || opened.row.state === "paused") return;
    const { failing_since: since, last_success_at: taken } = opened.row;
    if (since === null || firstAt === null || (taken !== null && taken > firstAt)) return;
    const now = clock.now();
    const last = await lastPosition(tx, accountId);
    await tx
      .updateTable("hook_subscriptions")
      .set({
        state: "paused",
        paused_reason: "failing",
        paused_at: now,
        paused_position: String(last),
        resumed_position: null,
      })
      .where("account_id", "=", accountId)
      .where("id", "=", id)
      .execute();
    const { shown: after } = await openSubscription(tx, { clock }, { accountId, id });
    await writeEvents(tx, [
      {
        accountId,
        type: "hook_subscription_paused",
        cause: "failing",
        at: now,
        subject: id,
        actor: actor.clientId,
        data: after,
      },
    ]);
    const change = { action: "hook_subscription.pause", subject: subjectOf(id), before: opened.shown, after };
    await recordChange(tx, clock, { accountId, ...actor }, change);
  });
}
