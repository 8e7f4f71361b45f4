import type { TelemetryField } from "@tillkeeper/contract/telemetry";
import type { Pool } from "pg";
import { batchTable } from "../../../db/batch-table.ts";
import { mostAheadMs } from "../../status/status.ts";

export interface FieldOfTerminal {
  accountId: string;
  terminalId: string;
  field: TelemetryField;
}

/** One telemetry field as a terminal reported it. */
export interface ReportedField extends FieldOfTerminal {
  /** The address of the device that reported it. */
  address: string;
  value: unknown;
  at: Date;
}

/**
 * The longest age of the stored time of an unchanged value. Writing it at each report would cost more than it is worth. The
 * time of the open batch says whether a day is closed now, so it is renewed more often.
 */
const renewAfter = "case when input.field = 'open_batch' then interval '1 minute' else interval '5 minutes' end";

/** The shortest time between two values of one field in the history. It bounds the rows of a value that flaps. */
export const historyGapMs = 10_000;
const historyGap = `interval '${historyGapMs} milliseconds'`;

const idOf = (time: string, rest = "gen_random_uuid()::text") =>
  `(left(tillkeeper_lowest_id(${time})::text, 14) || '7' || substr(${rest}, 16))::uuid`;

/** Whether another device has become the terminal since: its first report counts as a change, also with an equal value. */
const ofAnother = (at: string) => `coalesce(${at} >= known.device_changed_at, false)`;

const told = batchTable<ReportedField>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
  field: ["text", (row) => row.field],
  value: ["jsonb", (row) => row.value],
  at: ["timestamptz", (row) => row.at],
  address: ["text", (row) => row.address],
});

/** A row with a later time was written by a clock that was ahead. */
const horizon = told.next;

/**
 * Reads all stored values and writes the new ones. A later value that came by another server stays. The written rows are not
 * joined with the batch again: hot connections allow nested loops only, and a join would take the square of the batch. So
 * the ids of the history (UUIDv7 of the time) are made here. A value too soon after the last one in the history is held
 * back, and its field is answered. Rows written by a clock that was ahead do not count.
 */
const text = `
with input as (
  select * from ${told.as("row")}
), due as (
  select input.* from input
  join terminals on terminals.account_id = input.account_id and terminals.terminal_id = input.terminal_id
  left join terminal_telemetry as known
    on known.account_id = input.account_id and known.terminal_id = input.terminal_id and known.field = input.field
  where (
    known.field is null or known.at > ${horizon}
    or input.at > known.at
      and (
        known.value <> input.value or input.at >= known.at + ${renewAfter} or ${ofAnother("input.at")}
        or known.address is distinct from input.address
      )
  )
  -- The device may have been replaced since its report.
  and exists (
    select from terminal_credentials as credential
    where credential.account_id = input.account_id and credential.terminal_id = input.terminal_id
      and credential.address = input.address
  )
), written as (
  insert into terminal_telemetry as known (account_id, terminal_id, field, value, since, at, address)
  select account_id, terminal_id, field, value, at, at, address from due
  order by account_id, terminal_id, field
  on conflict (account_id, terminal_id, field) do update set
    since = case
      when known.value = excluded.value and known.since <= ${horizon} and not ${ofAnother("excluded.at")} then known.since
      else excluded.since end,
    value = excluded.value, at = excluded.at, address = excluded.address,
    device_changed_at = case when ${ofAnother("excluded.at")} then null else known.device_changed_at end
  where known.at < excluded.at or known.at > ${horizon}
  returning account_id, terminal_id, field, value, since, at
), changed as (
  select written.*, exists (
    select from telemetry_history as earlier
    where earlier.account_id = written.account_id and earlier.terminal_id = written.terminal_id
      and earlier.field = written.field and earlier.id >= tillkeeper_lowest_id(written.at - ${historyGap})
      and earlier.at <= ${horizon}
  ) as held_back
  from written
  -- The open batch changes with every sale: its history would be most of the table.
  where since = at and field <> 'open_batch'
), recorded as (
  insert into telemetry_history (account_id, terminal_id, id, at, field, value)
  select account_id, terminal_id, ${idOf("at")}, at, field, value from changed where not held_back
)
select account_id as "accountId", terminal_id as "terminalId", field from changed where held_back`;

const heldBack = batchTable<FieldOfTerminal>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
  field: ["text", (row) => row.field],
});

/** Derived from field and time: two servers that held back the value write one row. */
const sharedId = idOf("known.since", "overlay(md5(known.field)::uuid::text placing '8' from 20)");

/**
 * The latest values of fields that were held back, unless they are in the history already. OFFSET keeps the subquery from
 * becoming a join: behind row security the index would not serve the comparison with a function of another table's column.
 */
const recordText = `
insert into telemetry_history (account_id, terminal_id, id, at, field, value)
select known.account_id, known.terminal_id, ${sharedId}, known.since, known.field, known.value
from ${heldBack.as("row")}
join terminal_telemetry as known
  on known.account_id = row.account_id and known.terminal_id = row.terminal_id and known.field = row.field
where not exists (
  select from telemetry_history as later
  where later.account_id = known.account_id and later.terminal_id = known.terminal_id
    and later.field = known.field and later.id >= tillkeeper_lowest_id(known.since) and later.at <= ${heldBack.next}
  offset 0
)
on conflict do nothing`;

/** Answers the fields whose values are not in the history yet. */
export async function noteTelemetry(pool: Pool, fields: ReportedField[], now: Date): Promise<FieldOfTerminal[]> {
  const { rows } = await pool.query<FieldOfTerminal>({
    name: "note_telemetry",
    text,
    values: [...told.values(fields), horizonOf(now)],
  });
  return rows;
}

/** Adds the latest values of these fields to the history. */
export async function recordTelemetry(pool: Pool, fields: FieldOfTerminal[], now: Date): Promise<void> {
  await pool.query({
    name: "record_telemetry",
    text: recordText,
    values: [...heldBack.values(fields), horizonOf(now)],
  });
}

function horizonOf(now: Date): Date {
  return new Date(now.getTime() + mostAheadMs);
}
