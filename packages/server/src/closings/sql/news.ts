import type { Pool } from "pg";
import { batchTable } from "../../db/batch-table.ts";
import { dayMs } from "../../platform/time-spans.ts";
import type { ClosingKey } from "../queries.ts";
import { attemptOfOperation, closingsOfStore } from "./facts.ts";

/** Names an operation of which an event has told. */
interface ToldOperation {
  accountId: string;
  operationId: string;
}

const told = batchTable<ToldOperation>({
  account_id: ["text", (row) => row.accountId],
  operation_id: ["uuid", (row) => row.operationId],
});

/** A close: when and in which store it was made, and the closing that sent it. */
export interface Close {
  account_id: string;
  store_ref: string | null;
  created_at: Date;
  sent_by: string | null;
}

const closesText = `
select close.account_id, close.store_ref, close.created_at, sent.closing_id as sent_by
from ${told.as("told")}
cross join lateral (
  select account_id, id, store_ref, created_at, operation from operations
  where operations.account_id = told.account_id and operations.id = told.operation_id
  limit 1
) as close
left join lateral (
  select closing_id from closing_attempts where ${attemptOfOperation("close.account_id", "close.id")}
) as sent on true
where close.operation = 'end_of_day'`;

interface DayOfClosing {
  id: string;
  store_ref: string;
  day_starts_at: Date;
  day_ends_at: Date;
}

const daysText = `
select closing.* from unnest($2::text[]) as asked (store_ref)
cross join lateral (
  select id, store_ref, day_starts_at, day_ends_at from closings
  where ${closingsOfStore("$1", "asked.store_ref", { first: "$3::date", last: "$4::date", most: 1_000 })}
) as closing`;

/** A business day and the instants in it are no further apart than that, in any zone. */
const nearMs = 2 * dayMs;

/** The closings that closes among these operations may concern: by an attempt, or by store and day. */
export async function closingsOfOperations(pool: Pool, batch: readonly ToldOperation[]): Promise<ClosingKey[]> {
  if (batch.length === 0) return [];
  const query = { name: "closes_among_operations", text: closesText, values: told.values(batch) };
  const { rows: closes } = await pool.query<Close>(query);
  const found = new Map<string, ClosingKey>();
  const add = (accountId: string, id: string) => found.set(`${accountId} ${id}`, { accountId, id });
  for (const { account_id: accountId, sent_by: id } of closes) if (id !== null) add(accountId, id);
  for (const [accountId, ofAccount] of Map.groupBy(closes, (close) => close.account_id)) {
    for (const id of await closingsOfDays(pool, accountId, ofAccount)) add(accountId, id);
  }
  return [...found.values()];
}

/** The closings in whose days these closes of an account were made. */
export async function closingsOfDays(pool: Pool, accountId: string, closes: readonly Close[]): Promise<string[]> {
  const stores = Map.groupBy(closes, (close) => close.store_ref);
  const times = closes.map(({ created_at: at }) => at.getTime());
  const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
  const refs = [...stores.keys()].filter((ref) => ref !== null);
  const { rows } = await pool.query<DayOfClosing>({
    name: "closings_of_days",
    text: daysText,
    values: [accountId, refs, dayOf(Math.min(...times) - nearMs), dayOf(Math.max(...times) + nearMs)],
  });
  return rows.flatMap(({ id, store_ref: ref, day_starts_at: startsAt, day_ends_at: endsAt }) =>
    stores.get(ref)?.some(({ created_at: at }) => at >= startsAt && at < endsAt) ? [id] : [],
  );
}
