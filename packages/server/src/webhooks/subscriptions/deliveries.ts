import { type EventPlace, readEventId } from "@tillkeeper/contract/events";
import type { HookDelivery, HookReplay, HookReplayAccepted } from "@tillkeeper/contract/http/hook-schemas";
import { sql } from "kysely";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { findEvent, lastPosition } from "../../events/read.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { isUuid } from "../../platform/formats.ts";
import { cutPage } from "../../platform/http/paging.ts";
import type { Caller } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { sentAgain } from "../sending/sql.ts";
import { presentDelivery, presentDeliveryDetail } from "./present.ts";
import { type AttemptRow, countAttempts, findAttempt, listAttempts } from "./queries.ts";
import { type HookDeps, type HookKey, type ListWish, openSubscription, subjectOf } from "./subscriptions.ts";

export interface DeliveriesWish extends ListWish {
  event_delivery?: string;
  success?: boolean;
}

/** A page of a subscription's attempts, newest first. Throws `hook_subscription_not_found`. */
export function getDeliveries(deps: HookDeps, key: HookKey, query: DeliveriesWish) {
  return inTenant(deps.db, key.accountId, async (tx) => {
    await openSubscription(tx, deps, key);
    const rows = await listAttempts(tx, key, { ...query, limit: query.limit + 1 });
    const { page, last } = cutPage(rows, query.limit);
    return {
      deliveries: page.map(presentDelivery),
      next: last?.id,
      total: query.total ? await countAttempts(tx, key, query) : undefined,
    };
  });
}

/** Throws `hook_subscription_not_found`, `hook_delivery_not_found`. */
export async function getDelivery(deps: HookDeps, key: HookKey, id: string) {
  return inTenant(deps.db, key.accountId, async (tx) => presentDeliveryDetail(await openAttempt(tx, deps, key, id)));
}

async function openAttempt(tx: Tx, deps: HookDeps, key: HookKey, id: string): Promise<AttemptRow> {
  await openSubscription(tx, deps, key);
  const row = isUuid(id) ? await findAttempt(tx, key, id) : undefined;
  if (row) return row;
  throw new ApiError("hook_delivery_not_found", "There is no such delivery.");
}

/** Sends a delivery again, with the same body. Throws `hook_subscription_not_found`, `hook_delivery_not_found`. */
export async function replayDelivery(
  deps: HookDeps,
  caller: Caller,
  id: string,
  attemptId: string,
): Promise<HookDelivery> {
  const { accountId } = caller;
  const again = await inTenant(deps.db, accountId, async (tx) => {
    const attempt = await openAttempt(tx, deps, { accountId, id }, attemptId);
    const now = deps.clock.now();
    await sql`update hook_deliveries set ${sql.raw(sentAgain)}, due_at = ${now}
      where account_id = ${accountId} and id = ${attempt.delivery_id}`.execute(tx);
    const after = { event_delivery: attempt.delivery_id };
    await recordChange(tx, deps.clock, caller, { action: "hook_subscription.replay", subject: subjectOf(id), after });
    return presentDelivery({ ...attempt, state: "waiting", due_at: now });
  });
  deps.wake();
  return again;
}

/** Has a range of events sent again. Throws `hook_subscription_not_found`, `invalid_request`. */
export async function replayEvents(
  deps: HookDeps,
  caller: Caller,
  id: string,
  wish: HookReplay,
): Promise<HookReplayAccepted> {
  const { accountId } = caller;
  if ((wish.from === undefined) === (wish.since === undefined)) {
    throw invalidRequest({ path: "/body", message: "must have either `from` or `since`" });
  }
  const made = await inTenant(deps.db, accountId, async (tx) => {
    await openSubscription(tx, deps, { accountId, id });
    const last = await lastPosition(tx, accountId);
    const from =
      wish.from === undefined
        ? await firstSince(tx, accountId, new Date(wish.since ?? ""))
        : await placeOf(tx, accountId, wish.from, "from");
    const to = wish.to === undefined ? last : await placeOf(tx, accountId, wish.to, "to");
    const now = deps.clock.now();
    const row = {
      account_id: accountId,
      subscription_id: id,
      id: newId(now),
      from_position: String(from ?? last + 1),
      to_position: String(to),
      again: !(wish.missed_only ?? false),
      created_at: now,
    };
    await tx.insertInto("hook_replays").values(row).returning("id").execute();
    const after = {
      id: row.id,
      from_position: Number(row.from_position),
      to_position: to,
      created_at: documentedTime(now),
    };
    await recordChange(tx, deps.clock, caller, { action: "hook_subscription.replay", subject: subjectOf(id), after });
    return after;
  });
  deps.wake();
  return made;
}

async function placeOf(tx: Tx, accountId: string, id: string, field: string): Promise<number> {
  const place = readEventId(id) as EventPlace;
  const row = await findEvent(tx, accountId, place.position);
  if (row?.epoch === place.epoch) return place.position;
  throw invalidRequest({ path: `/body/${field}`, message: "is no event that is kept" });
}

/** The first event that happened then or later. */
async function firstSince(tx: Tx, accountId: string, at: Date): Promise<number | undefined> {
  const { rows } = await sql<{ position: string | null }>`
    select min(position) as position from events where account_id = ${accountId} and at >= ${at}`.execute(tx);
  return rows[0]?.position ? Number(rows[0].position) : undefined;
}
