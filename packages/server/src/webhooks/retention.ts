import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { dayMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";

const everyMs = 10 * minuteMs;
const batch = 2_000;

interface RetentionDeps {
  db: Db;
  clock: Pick<Clock, "now">;
  days: number;
}

/** Deletes deliveries and attempts that are past their days. */
export function hookRetentionWorker(deps: RetentionDeps): Worker {
  return every("webhooks.forget", everyMs, () => forgetDeliveries(deps));
}

/**
 * Deletes deliveries with their attempts after their days, and subscriptions that were deleted before that. Answers whether there
 * may be more.
 */
export async function forgetDeliveries({ db, clock, days }: RetentionDeps): Promise<boolean> {
  const before = new Date(clock.now().getTime() - days * dayMs);
  const { rows } = await sql<{ count: number }>`
    with old as (
      delete from hook_deliveries where id in (
        select id from hook_deliveries where created_at < ${before} and state <> 'sending' order by created_at limit ${batch}
      ) returning 1
    ), gone as (
      delete from hook_subscriptions as s where s.deleted_at < ${before}
        and not exists (select from hook_deliveries as d where d.subscription_id = s.id and d.created_at >= ${before})
    )
    select count(*)::int as count from old`.execute(db.sql);
  return rows[0]?.count === batch;
}
