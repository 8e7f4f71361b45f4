import type { Memory } from "@tillkeeper/contract/mqtt";
import type { OperationStatus } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import { movesOf } from "../../terminals/record/life-cycle.ts";
import type { Finish } from "../reports/results.ts";
import { cancellationFrom, lockedClaim, type Meeting, operationOf, release, skipping } from "./fragments.ts";

/**
 * How an answer was met. `live`: it ended its operation. `over`: it is stored otherwise, or was before. `early`: it is not the
 * next of the log. `of_another`: the command was of another kind, which only its log hears of. `overdue`: its operation has to be ended first. `busy`:
 * another transaction has the operation in hand. `unknown`: this database does not know the address.
 */
type Standing = "live" | "over" | "early" | "of_another" | "overdue" | "busy" | "unknown";

export interface Answered {
  standing: Standing;
  /** What the operation is now; undefined for one that nobody knows. */
  status: OperationStatus | undefined;
  /** How far the log is now; undefined for an unknown address. */
  memory: Memory | undefined;
  /** Of an operation that it ended. */
  ended?: { deviceModel: string | null; createdAt: Date };
}

/** What the end of an operation takes along from its claim. */
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
];

/** Whether what came of the operation moves its terminal. */
const mayMove = (row: string) => `(${row}.operation = 'check_update' and ${row}.status = 'COMPLETED')`;

/**
 * How each answer is met: by its log, its claim and its row. Locked are first the terminal that may move, then the claim, and
 * the log last, as whoever replaces a device does: in any other order each could wait for the other.
 *
 * Each step takes along all that the steps after it need, and what a step has done is asked of a set (`is true` keeps that
 * from becoming a join). Steps are not joined with one another: without the ways to join that the hot connections do
 * without, that would take the square of the batch.
 */
const meet = (meeting: Meeting) => `with input as (
  select * from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::uuid[], $7::integer[], $8::boolean[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[],
    $19::boolean[], $20::bytea[], $21::bytea[], $22::text[], $23::timestamptz[], $24::text[], $25::timestamptz[], $26::timestamptz[], $27::boolean[], $28::uuid[]
  ) with ordinality as row (
    account_id, id, terminal_id, address, number, entry_id, after, may_have_closed,
    operation, status, result, reason, error, late,
    dispatched_at, delivered_at, started_at, at,
    has_origin, request_key, request_sha256, parameters, created_at, created_by, deadline, begun_at, readable, stored_as, position
  )
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
      when coalesce(claim_operation, stored.operation) <> claimed.operation then 'of_another'
      when claim_deadline <= claimed.at then 'overdue'
      when claim_operation is not null then 'live'
      when stored.status = 'PENDING' then 'busy'
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
    -- What is live is known by its claim.
    where claim_operation is null
      and stored.account_id = claimed.account_id and stored.id = claimed.id and stored.terminal_id = claimed.terminal_id
    offset 0
  ) as stored on true
)`;

/** The end of what is live. */
const end = `live as (
  select position, account_id, id as operation_id, terminal_id, status, result, reason, error, at, address as said_by,
    claim_device_model as device_model, claim_request_key as request_key,
    coalesce(claim_dispatched_at, dispatched_at) as dispatched,
    coalesce(claim_delivered_at, delivered_at, started_at) as delivered,
    coalesce(claim_started_at, started_at) as started,
    claim_cancel_requested_at as cancel_requested_at, claim_cancel_requested_by as cancel_requested_by,
    claim_cancel_refused_at as cancel_refused_at
  from met
  where standing = 'live' and readable
), ended as (
  update operations set
    status = live.status, result = live.result::jsonb, reason = live.reason, error = live.error::jsonb,
    dispatched_at = live.dispatched, delivered_at = live.delivered, started_at = live.started, answered_at = live.at,
    ${cancellationFrom("live")}, updated_at = live.at, updated_by = live.terminal_id
  from live
  where ${operationOf("live")}
  returning operations.account_id, operations.id, operations.terminal_id, operations.operation, operations.status,
    operations.updated_at, operations.result, live.position, live.request_key, live.said_by
), ${release("ended", "id")}`;

/**
 * A close that no request is known for, and that is stored already. Its id follows from the terminal's own and from its time: a
 * journal that is told anew as another address names it again, and a time that lies ahead has become another one by then.
 */
const isToldBefore = (row: string) => `(
  ${row}.created_by = 'terminal:' || ${row}.terminal_id and exists (
    select from operations as told
    where told.account_id = ${row}.account_id and told.terminal_id = ${row}.terminal_id and told.recovered
      and told.created_by = ${row}.created_by and substr(told.id::text, 16) = substr(${row}.stored_as::text, 16)
  ))`;

/** Whether a row of `met` was stored as an operation that the database has lost. */
const isRecovered = "((met.account_id, met.stored_as) in (select account_id, id from recovered)) is true";

/** What is kept of the others, and how far the logs are now. */
const keep = `unreadable as (
  update operation_claims as claim set invalid_result_at = met.at
  from met
  where met.standing = 'live' and not met.readable
    and claim.account_id = met.account_id and claim.operation_id = met.id
), noted_late as (
  update operations set late_result = met.late::jsonb
  from met
  where met.standing = 'over' and met.readable and operations.account_id = met.account_id and operations.id = met.id
    and operations.terminal_id = met.terminal_id and operations.status in ('TIMEOUT', 'FAILED')
    and operations.answered_at is null and operations.late_result is null
    -- That it was given up is no news.
    and not (operations.reason = 'cancelled' and met.reason is not distinct from 'cancelled')
), recovered as (
  insert into operations (
    account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, started_at, answered_at,
    result, reason, error, updated_at, updated_by, recovered
  )
  select account_id, stored_as, terminal_id, operation, status, parameters::jsonb, deadline, created_at, created_by, begun_at, at,
    result::jsonb, reason, error::jsonb, at, terminal_id, true
  from met
  where standing = 'over' and readable and has_origin and stored_status is null and number > held
    and not ${isToldBefore("met")}
  on conflict do nothing
  returning account_id, id, status
), keyed as (
  insert into operation_claims (
    account_id, operation_id, client_id, request_key, request_sha256, operation, created_at, attempts
  )
  select met.account_id, met.stored_as, met.created_by, met.request_key, met.request_sha256, met.operation, met.created_at, 0
  from met
  where met.request_key is not null and ${isRecovered}
  on conflict do nothing
), counted as (
  update terminal_addresses as log set
    number = met.number, last_id = met.entry_id,
    last_close = case when met.may_have_closed then met.entry_id else log.last_close end
  from met
  where met.standing in ('live', 'over', 'of_another') and met.number > met.held
    and log.account_id = met.account_id and log.address = met.address and log.terminal_id = met.terminal_id
  returning met.position
)`;

/** What a terminal said that it runs. */
const learn = `checked as (
  select ended.* from ended join terminal_credentials as credential
    on credential.account_id = ended.account_id and credential.terminal_id = ended.terminal_id
      and credential.address = ended.said_by
  where ended.operation = 'check_update' and ended.status = 'COMPLETED'
), moved as (
  update terminals set
    status = move.next, status_before_inactive = move.next_remembered, status_reason = move.next_reason,
    updated_at = checked.updated_at
  from checked, ${movesOf("update_checked")}
  where terminals.account_id = checked.account_id and terminals.terminal_id = checked.terminal_id
    and terminals.status = move.status and terminals.status_before_inactive is not distinct from move.remembered
), reported as (
  insert into terminal_software (account_id, terminal_id, software_version, configuration_version, reported_at)
  select account_id, terminal_id, result ->> 'current_version', nullif(result ->> 'configuration_version', ''), updated_at
  from checked
  order by account_id, terminal_id
  on conflict (account_id, terminal_id) do update set
    software_version = excluded.software_version, configuration_version = excluded.configuration_version,
    reported_at = excluded.reported_at
)`;

/**
 * Takes a batch of answers, at most one of each log and operation, in one commit: ends live operations and gives their terminals
 * back, keeps what came after the end, stores operations that the database has lost, and counts the logs on. Moves
 * terminals that completed a check_update (D11) and keeps what they said they run; what a device answered that was
 * replaced tells nothing of that. An answer that cannot be read counts in its log and ends nothing. A batch leaves out the rows
 * that another transaction has locked: one that hangs must not hold up the results of other terminals.
 */
const text = (meeting: Meeting) => `
${meet(meeting)}, ${end}, ${keep}, ${learn}
select met.position::int as position, met.standing,
  case when is_counted then met.number else met.held end as held,
  case when is_counted then met.entry_id else met.held_id end as held_id,
  case
    when is_ended or is_recovered then met.status
    when met.claim_operation is not null then 'PENDING'
    else met.stored_status
  end as status,
  is_ended as ended, met.claim_device_model as device_model, met.claim_created_at as created_at
from (
  select met.*, position in (select position from counted) as is_counted, position in (select position from ended) as is_ended,
    ${isRecovered} as is_recovered
  from met
) as met`;

const texts = { skip: text("skip"), wait: text("wait") };

interface Row {
  position: number;
  standing: Standing;
  held: number | null;
  held_id: string | null;
  status: OperationStatus | null;
  ended: boolean;
  device_model: string | null;
  created_at: Date | null;
}

/** At most one answer of each log and of each operation; says for each, in order, how it was met. */
export async function takeAnswers(pool: Pool, batch: Finish[], meeting: Meeting): Promise<Answered[]> {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  const { rows } = await pool.query<Row>({
    name: `take_answers_${meeting}`,
    text: texts[meeting],
    values: [
      batch.map((row) => row.accountId),
      batch.map((row) => row.id),
      batch.map((row) => row.terminalId),
      batch.map((row) => row.address),
      batch.map((row) => row.entry?.number ?? null),
      batch.map((row) => row.entry?.id ?? null),
      batch.map((row) => row.entry?.after ?? null),
      batch.map((row) => row.entry?.mayHaveClosed ?? false),
      batch.map((row) => row.operation),
      batch.map((row) => row.status),
      batch.map((row) => json(row.result)),
      batch.map((row) => row.reason),
      batch.map((row) => json(row.error)),
      batch.map((row) => json(row.late)),
      batch.map((row) => row.dispatchedAt),
      batch.map((row) => row.deliveredAt),
      batch.map((row) => row.startedAt),
      batch.map((row) => row.at),
      batch.map((row) => row.origin !== null),
      batch.map((row) => row.origin?.requestKey ?? null),
      batch.map((row) => row.origin?.requestSha256 ?? null),
      batch.map((row) => json(row.origin?.parameters ?? {})),
      batch.map((row) => row.origin?.createdAt ?? null),
      batch.map((row) => row.origin?.createdBy ?? null),
      batch.map((row) => row.origin?.deadline ?? null),
      batch.map((row) => row.begunAt),
      batch.map((row) => row.readable),
      batch.map((row) => row.storedAs),
    ],
  });
  const answered: (Answered | undefined)[] = batch.map(() => undefined);
  // PostgreSQL counts from 1.
  for (const row of rows) answered[row.position - 1] = toAnswered(row);
  return answered.map((found) => found ?? { standing: "busy", status: undefined, memory: undefined });
}

function toAnswered(row: Row): Answered {
  return {
    standing: row.standing,
    status: row.status ?? undefined,
    memory: row.held === null ? undefined : { number: row.held, ...(row.held_id !== null && { id: row.held_id }) },
    ...(row.ended && row.created_at && { ended: { deviceModel: row.device_model, createdAt: row.created_at } }),
  };
}
