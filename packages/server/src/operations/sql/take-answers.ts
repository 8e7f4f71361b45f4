import type { Memory } from "@tillkeeper/contract/mqtt/messages";
import type { OperationStatus } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import { inBatchOrder } from "../../db/batch-table.ts";
import { move } from "../../terminals/record/life-cycle.ts";
import { type Finish, ofAnotherPlace, unreadableError } from "../reports/results.ts";
import { end, keepLate, recover } from "./end.ts";
import { type Meeting, presentAddressOf } from "./fragments.ts";
import { answers, meet, type Standing } from "./meet-answers.ts";

export interface Answered {
  standing: Standing;
  /** The status of the operation now; undefined for an unknown operation. */
  status: OperationStatus | undefined;
  /** The last number of the log now; undefined for an unknown address. */
  memory: Memory | undefined;
  /** Of an operation that the answer ended. */
  ended?: { deviceModel: string | null; createdAt: Date; traceparent: string | null };
}

/** The note on a claim whose command was of another kind than the answer. */
const ofAnotherError = unreadableError([ofAnotherPlace]);

/** The step that ends live operations. */
const endLive = `live as (
  select position, account_id, id as operation_id, terminal_id, status, result, reason, error, unknown_end, at,
    address as said_by,
    claim_request_key as request_key,
    coalesce(claim_dispatched_at, dispatched_at) as dispatched_at,
    coalesce(claim_delivered_at, delivered_at, started_at) as delivered_at,
    coalesce(claim_started_at, started_at) as started_at,
    claim_cancel_requested_at as cancel_requested_at, claim_cancel_requested_by as cancel_requested_by,
    claim_cancel_refused_at as cancel_refused_at
  from met
  where standing = 'live' and readable
), ${end({
  from: "live",
  status: "live.status",
  reason: "live.reason",
  answer: { result: "live.result::jsonb", error: "live.error::jsonb", unknownEnd: "live.unknown_end" },
  at: "live.at",
  by: "live.terminal_id",
  carry: ["position", "said_by"],
})}`;

/**
 * Whether a close without a known request is stored already. Its id follows from the terminal and the time of the close: a
 * journal reported again under another address names it again, and a time in the future has been corrected by then.
 */
const isToldBefore = (row: string) => `(
  ${row}.created_by = 'terminal:' || ${row}.terminal_id and exists (
    select from operations as told
    where told.account_id = ${row}.account_id and told.terminal_id = ${row}.terminal_id and told.recovered
      and told.created_by = ${row}.created_by and substr(told.id::text, 16) = substr(${row}.stored_as::text, 16)
  ))`;

/** Whether a row of `met` was stored as an operation that the database had lost. */
const isRecovered = "((met.account_id, met.stored_as) in (select account_id, id from recovered)) is true";

/**
 * The steps that note on the claim what could not be read, store late answers and lost operations, and count the logs on.
 * An operation whose answer could not be read goes on: a later answer may be readable, and the deadline is the end of it (D29).
 */
const keep = `unreadable as (
  update operation_claims as claim set invalid_result_at = met.at,
    -- A terminal that answers has had the command.
    delivered_at = coalesce(claim.delivered_at, met.at),
    invalid_result = case when met.readable then '${JSON.stringify(ofAnotherError)}'::jsonb else met.error::jsonb end
  from met
  where met.standing in ('live', 'early', 'of_another') and (met.standing = 'of_another' or not met.readable)
    and met.claim_deadline > met.at
    and claim.account_id = met.account_id and claim.operation_id = met.id
    -- A replaced device counts only for what was sent to that device alone.
    and (claim.address = met.address or met.address = ${presentAddressOf("claim")})
), ${keepLate({ from: "met", which: "met.standing = 'over' and met.readable" })}, ${recover({
  from: "met",
  which: `standing = 'over' and readable and has_origin and stored_status is null and number > held
    and not ${isToldBefore("met")}`,
})}, keyed as (
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

/** The step that stores the versions that a terminal reports. */
const learn = `checked as (
  select ended.* from ended join terminal_credentials as credential
    on credential.account_id = ended.account_id and credential.terminal_id = ended.terminal_id
      and credential.address = ended.said_by
  where ended.operation = 'check_update' and ended.status = 'COMPLETED'
), ${move("update_checked", {
  from: "checked",
  which: "terminals.account_id = checked.account_id and terminals.terminal_id = checked.terminal_id",
  at: "checked.updated_at",
  by: { actor: "moved.terminal_id" },
})}, reported as (
  insert into terminal_software (account_id, terminal_id, software_version, configuration_version, reported_at)
  select account_id, terminal_id, result ->> 'current_version', nullif(result ->> 'configuration_version', ''), updated_at
  from checked
  order by account_id, terminal_id
  on conflict (account_id, terminal_id) do update set
    software_version = excluded.software_version, configuration_version = excluded.configuration_version,
    reported_at = excluded.reported_at
)`;

/**
 * Takes a batch of answers in one commit, at most one per log and operation. Ends live operations and frees their terminals,
 * keeps late results, stores operations that the database has lost, and counts the logs on. Moves terminals that completed
 * a check_update (D11) and stores the versions they report; answers of replaced devices do neither. An unreadable answer
 * counts in its log and ends nothing. Locked rows are skipped: a transaction that hangs must not delay other terminals.
 */
const text = (meeting: Meeting) => `
${meet(meeting)}, ${endLive}, ${keep}, ${learn}
select met.position::int as position, met.standing,
  case when is_counted then met.number else met.held end as held,
  case when is_counted then met.entry_id else met.held_id end as held_id,
  case
    when is_ended or is_recovered then met.status
    when met.claim_operation is not null then 'PENDING'
    else met.stored_status
  end as status,
  is_ended as ended, met.claim_device_model as device_model, met.claim_created_at as created_at,
  met.claim_traceparent as traceparent
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
  traceparent: string | null;
}

/** Takes at most one answer per log and per operation. Answers for each, in order, how it was met. */
export async function takeAnswers(pool: Pool, batch: Finish[], meeting: Meeting): Promise<Answered[]> {
  const { rows } = await pool.query<Row>({
    name: `take_answers_${meeting}`,
    text: texts[meeting],
    values: answers.values(batch),
  });
  return inBatchOrder(batch, rows).map((row) =>
    row ? toAnswered(row) : { standing: "busy", status: undefined, memory: undefined },
  );
}

function toAnswered(row: Row): Answered {
  return {
    standing: row.standing,
    status: row.status ?? undefined,
    memory: row.held === null ? undefined : { number: row.held, ...(row.held_id !== null && { id: row.held_id }) },
    ...(row.ended &&
      row.created_at && {
        ended: { deviceModel: row.device_model, createdAt: row.created_at, traceparent: row.traceparent },
      }),
  };
}
