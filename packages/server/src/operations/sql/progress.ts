import type { Pool } from "pg";
import { batchTable } from "../../db/batch-table.ts";
import { lockedClaim, type Meeting } from "./fragments.ts";

/** The phases that an operation reached, as server times; null for a phase that is not reported. */
export interface Progress {
  accountId: string;
  id: string;
  terminalId: string;
  dispatchedAt: Date | null;
  deliveredAt: Date | null;
  startedAt: Date | null;
}

const reported = batchTable<Progress>({
  account_id: ["text", (row) => row.accountId],
  id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  dispatched_at: ["timestamptz", (row) => row.dispatchedAt],
  delivered_at: ["timestamptz", (row) => row.deliveredAt],
  started_at: ["timestamptz", (row) => row.startedAt],
});

/** Notes phases of live operations; the first report of a phase counts. As in the statement that finishes operations. */
const text = (meeting: Meeting) => `
with input as (
  select * from ${reported.as("row")}
  order by account_id, id
), live as (
  select claim.account_id, claim.operation_id, input.dispatched_at, input.delivered_at, input.started_at
  from input cross join lateral (${lockedClaim(meeting)}) as claim
  where claim.terminal_id = input.terminal_id
)
update operation_claims as claim set
  dispatched_at = coalesce(claim.dispatched_at, live.dispatched_at),
  delivered_at = coalesce(claim.delivered_at, live.delivered_at, live.started_at),
  started_at = coalesce(claim.started_at, live.started_at)
from live
where claim.account_id = live.account_id and claim.operation_id = live.operation_id
returning claim.operation_id, claim.terminal_id`;

const texts = { skip: text("skip"), wait: text("wait") };

/** Answers the `keyOf` of the operations that are live and were not skipped. */
export async function noteProgress(pool: Pool, batch: Progress[], meeting: Meeting): Promise<Set<string>> {
  const { rows } = await pool.query<{ operation_id: string; terminal_id: string }>({
    name: `note_progress_${meeting}`,
    text: texts[meeting],
    values: reported.values(batch),
  });
  return new Set(rows.map((row) => keyOf({ id: row.operation_id, terminalId: row.terminal_id })));
}

/** A report counts only if it comes from the operation's own terminal. */
export function keyOf({ terminalId, id }: { terminalId: string; id: string }): string {
  return `${terminalId} ${id}`;
}

const dispatched = batchTable<Pick<Progress, "accountId" | "id" | "terminalId" | "dispatchedAt">>({
  account_id: ["text", (row) => row.accountId],
  id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  dispatched_at: ["timestamptz", (row) => row.dispatchedAt],
});

const lateText = `
update operations set dispatched_at = input.dispatched_at
from ${dispatched.as("input")}
where operations.account_id = input.account_id and operations.id = input.id
  and operations.terminal_id = input.terminal_id and operations.dispatched_at is null
  -- A command sent while its operation ended has no effect, so it does not count as dispatched.
  and operations.answered_at is not null`;

/** Notes the dispatch of operations that another server has ended meanwhile. */
export async function noteDispatchedLate(pool: Pool, batch: Progress[]): Promise<void> {
  await pool.query({ name: "note_dispatched_late", text: lateText, values: dispatched.values(batch) });
}
