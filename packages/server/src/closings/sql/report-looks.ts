import { type Kysely, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";

/** A closing of which a report may have to be made. */
export interface ReportLook {
  accountId: string;
  id: string;
  storeRef: string;
}

const looked = batchTable<ReportLook>({
  account_id: ["text", (row) => row.accountId],
  id: ["uuid", (row) => row.id],
});

/**
 * Claims closings whose day is over and that were never looked at, and those that have changed since: the statement that writes down a
 * change of a closing (`noteLooks`, and that of a request that goes on with it) sets `report_at`. Until `again` other servers leave them alone.
 */
export async function claimLooks(
  db: Kysely<Tables>,
  { now, again, limit }: { now: Date; again: Date; limit: number },
): Promise<ReportLook[]> {
  const { rows } = await sql<ReportLook>`
    with fresh as (
      select account_id, id from closings where report_at is null and day_ends_at <= ${now}
      order by day_ends_at limit ${limit} for no key update skip locked
    ), due as (
      select account_id, id from closings where report_at <= ${now}
      order by report_at limit ${limit} for no key update skip locked
    ), looked_at as (select account_id, id from fresh union all select account_id, id from due)
    update closings as closing set report_at = ${again}
    from looked_at where closing.account_id = looked_at.account_id and closing.id = looked_at.id
    returning closing.account_id as "accountId", closing.id, closing.store_ref as "storeRef"`.execute(db);
  return rows;
}

/** Writes that claimed closings were looked at. One that has changed since it was claimed stays due. */
export async function noteLookedAt(
  db: Kysely<Tables>,
  looks: readonly ReportLook[],
  { again }: { again: Date },
): Promise<void> {
  if (looks.length === 0) return;
  await sql`
    update closings as closing set report_at = 'infinity'
    from ${looked.of(looks, "looked")}
    where closing.account_id = looked.account_id and closing.id = looked.id and closing.report_at = ${again}`.execute(
    db,
  );
}

/** Where a closing stands among those of its account, day after day. */
export interface DayPlace {
  day: string;
  id: string;
}

/** The closings of the business days from one to before another, day after day. */
export async function closingsOfDays(
  db: Kysely<Tables>,
  accountId: string,
  { from, before, after, limit }: { from: string; before: string; after: DayPlace | undefined; limit: number },
): Promise<(DayPlace & { storeRef: string })[]> {
  const { day, id } = after ?? { day: from, id: "00000000-0000-0000-0000-000000000000" };
  const { rows } = await sql<DayPlace & { storeRef: string }>`
    select business_day::text as day, id, store_ref as "storeRef" from closings
    where account_id = ${accountId} and business_day < ${before}::date and (business_day, id) > (${day}::date, ${id}::uuid)
    order by business_day, id limit ${limit}`.execute(db);
  return rows;
}
