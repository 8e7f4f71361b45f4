import { batchTable } from "../../db/batch-table.ts";
import type { Finish } from "../reports/results.ts";
import { lockedClaim, type Meeting, skipping } from "./fragments.ts";

/**
 * How an answer was met. `live`: it ended its operation. `over`: the operation had ended, or the answer was stored before.
 * `early`: it is not the next entry of the log. `of_another`: the command was of another kind, so it only counts in the log.
 * `overdue`: its operation must be expired first. `busy`: another transaction has locked the operation. `unknown`: this
 * database does not know the address.
 */
export type Standing = "live" | "over" | "early" | "of_another" | "overdue" | "busy" | "unknown";

/** JSON as text: PostgreSQL parses it only in the step that stores it, mostly the result alone. */
const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));

/** The answers of a batch, as `meet` reads them. */
export const answers = batchTable<Finish>({
  account_id: ["text", (row) => row.accountId],
  id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  address: ["text", (row) => row.address],
  number: ["integer", (row) => row.entry?.number ?? null],
  entry_id: ["uuid", (row) => row.entry?.id ?? null],
  after: ["integer", (row) => row.entry?.after ?? null],
  may_have_closed: ["boolean", (row) => row.entry?.mayHaveClosed ?? false],
  operation: ["text", (row) => row.operation],
  status: ["text", (row) => row.status],
  result: ["text", (row) => json(row.result)],
  reason: ["text", (row) => row.reason],
  error: ["text", (row) => json(row.error)],
  unknown_end: ["boolean", (row) => row.unknownEnd],
  late: ["text", (row) => json(row.late)],
  dispatched_at: ["timestamptz", (row) => row.dispatchedAt],
  delivered_at: ["timestamptz", (row) => row.deliveredAt],
  started_at: ["timestamptz", (row) => row.startedAt],
  at: ["timestamptz", (row) => row.at],
  has_origin: ["boolean", (row) => row.origin !== null],
  request_key: ["bytea", (row) => row.origin?.requestKey ?? null],
  request_sha256: ["bytea", (row) => row.origin?.requestSha256 ?? null],
  parameters: ["text", (row) => json(row.origin?.parameters ?? {})],
  created_at: ["timestamptz", (row) => row.origin?.createdAt ?? null],
  created_by: ["text", (row) => row.origin?.createdBy ?? null],
  deadline: ["timestamptz", (row) => row.origin?.deadline ?? null],
  begun_at: ["timestamptz", (row) => row.begunAt],
  readable: ["boolean", (row) => row.readable],
  stored_as: ["uuid", (row) => row.storedAs],
});

/** The columns of its claim that the end of an operation needs. */
const claimColumns = [
  "operation",
  "device_model",
  "created_at",
  "deadline",
  "request_key",
  "dispatched_at",
  "delivered_at",
  "started_at",
  "cancel_requested_at",
  "cancel_requested_by",
  "cancel_refused_at",
  "traceparent",
];

/** Whether the result moves the terminal. */
const mayMove = (row: string) => `(${row}.operation = 'check_update' and ${row}.status = 'COMPLETED')`;

/**
 * Decides how each answer is met, by its log, its claim and its row. Locks first the terminal that may move, then the claim,
 * the log last. Replacing a device locks in that order, too: in any other order the two could deadlock.
 *
 * Each step takes along all columns that later steps need. Later steps look up the rows of a step in a set (`is true` keeps
 * the planner from making a join of it). Steps are not joined with one another: hot connections allow nested loops only,
 * and a join would take the square of the batch.
 */
export const meet = (meeting: Meeting): string => `with input as (
  select * from ${answers.numberedAs("row")}
  order by account_id, address
), terminal as (
  select input.position
  from input cross join lateral (
    select from terminals
    where terminals.account_id = input.account_id and terminals.terminal_id = input.terminal_id
    offset 0
    for no key update${skipping(meeting)}
  ) as terminal
  where ${mayMove("input")}
), ready as materialized (
  select input.*, (not ${mayMove("input")} or input.position in (select position from terminal)) as is_free from input
), claimed as materialized (
  select input.*, ${claimColumns.map((column) => `claim.${column} as claim_${column}`).join(", ")}
  from ready as input
  left join lateral (${lockedClaim(meeting)}) as claim on input.is_free and claim.terminal_id = input.terminal_id
), met as (
  select claimed.*, log.number as held, log.last_id as held_id, stored.status as stored_status,
    case
      -- No \`exists\`: PostgreSQL would read the whole table for it, into a hash.
      when log.number is null then coalesce((
        select 'busy' from terminal_addresses as taken
        where taken.account_id = claimed.account_id and taken.address = claimed.address
          and taken.terminal_id = claimed.terminal_id
      ), 'unknown')
      when claimed.number > log.number and claimed.after > log.number then 'early'
      when stored.status = 'PENDING' then 'busy'
      when coalesce(claim_operation, stored.operation) <> claimed.operation then 'of_another'
      when claim_deadline <= claimed.at then 'overdue'
      when claim_operation is not null then 'live'
      else 'over'
    end as standing
  from claimed
  left join lateral (
    select number, last_id from terminal_addresses as log
    where claimed.is_free and log.account_id = claimed.account_id and log.address = claimed.address
      and log.terminal_id = claimed.terminal_id
    offset 0
    for no key update${skipping(meeting)}
  ) as log on true
  left join lateral (
    select status, operation from operations as stored
    -- A live operation is found by its claim.
    where claim_operation is null
      and stored.account_id = claimed.account_id and stored.id = claimed.id and stored.terminal_id = claimed.terminal_id
    offset 0
  ) as stored on true
)`;
