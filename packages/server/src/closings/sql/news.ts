import type { Pool } from "pg";
import { batchTable } from "../../db/batch-table.ts";
import { type ClosingKey, type DayOfStore, daysOfStores } from "../queries.ts";
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

/** A business day, and the day in UTC of the instants in it, are no further apart than that, in any zone. */
const nearDays = 2;

const daysText = `
select closing.* from ${daysOfStores.as("asked")}
cross join lateral (
  select account_id, id, store_ref, day_starts_at, day_ends_at from closings
  where ${closingsOfStore("asked.account_id", "asked.store_ref", {
    first: `asked.day::date - ${nearDays}`,
    last: `asked.day::date + ${nearDays}`,
    most: 2 * nearDays + 1,
  })}
) as closing`;

interface DayOfClosing {
  account_id: string;
  id: string;
  store_ref: string;
  day_starts_at: Date;
  day_ends_at: Date;
}

/** The closings that closes among these operations may concern: by an attempt, or by store and day. */
export async function closingsOfOperations(pool: Pool, batch: readonly ToldOperation[]): Promise<ClosingKey[]> {
  if (batch.length === 0) return [];
  const query = { name: "closes_among_operations", text: closesText, values: told.values(batch) };
  const { rows: closes } = await pool.query<Close>(query);
  const found = new Map<string, ClosingKey>();
  const add = (accountId: string, id: string) => found.set(`${accountId} ${id}`, { accountId, id });
  for (const { account_id: accountId, sent_by: id } of closes) if (id !== null) add(accountId, id);
  for (const { account_id: accountId, id } of await closingsOfDays(pool, closes)) add(accountId, id);
  return [...found.values()];
}

/** The closings of stores in whose days these closes were made. */
export async function closingsOfDays(pool: Pool, closes: readonly Close[]): Promise<DayOfClosing[]> {
  const nameOf = ({ account_id: accountId, store_ref: ref }: Pick<Close, "account_id" | "store_ref">) =>
    `${accountId} ${ref}`;
  const stores = Map.groupBy(closes, nameOf);
  const asked = [...stores.values()].flatMap((ofStore): DayOfStore[] => {
    const [{ account_id: accountId, store_ref: storeRef }] = ofStore as [Close];
    if (storeRef === null) return [];
    const days = new Set(ofStore.map(({ created_at: at }) => at.toISOString().slice(0, 10)));
    return [...days].map((day) => ({ accountId, storeRef, day }));
  });
  const query = { name: "closings_of_days", text: daysText, values: daysOfStores.values(asked) };
  const { rows } = await pool.query<DayOfClosing>(query);
  return rows.filter((row) =>
    stores.get(nameOf(row))?.some(({ created_at: at }) => at >= row.day_starts_at && at < row.day_ends_at),
  );
}
