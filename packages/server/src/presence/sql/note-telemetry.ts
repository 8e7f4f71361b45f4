import type { TelemetryField } from "@tillkeeper/contract/telemetry";
import type { Pool } from "pg";

/** One field as a terminal told it. */
export interface ToldField {
  accountId: string;
  terminalId: string;
  field: TelemetryField;
  value: unknown;
  at: Date;
}

/** How old the time of a value may become that is told over and over: writing it each time would cost more than it tells. */
const renewAfter = "interval '5 minutes'";

/**
 * Reads all, and writes what is new. A value that was told later, by way of another server, is not undone. What is written
 * is not joined with what came in again: without the ways to join that the hot connections do without, that would take
 * the square of its length. So the ids of the history (UUIDv7 of the time) are made here.
 */
const text = `
with input as (
  select account_id, terminal_id, field, value::jsonb as value, at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
    as row (account_id, terminal_id, field, value, at)
), due as (
  select input.* from input
  join terminals on terminals.account_id = input.account_id and terminals.terminal_id = input.terminal_id
  left join terminal_telemetry as known
    on known.account_id = input.account_id and known.terminal_id = input.terminal_id and known.field = input.field
  where known.field is null
    or input.at > known.at and (known.value <> input.value or input.at >= known.at + ${renewAfter})
), written as (
  insert into terminal_telemetry as known (account_id, terminal_id, field, value, since, at)
  select account_id, terminal_id, field, value, at, at from due
  order by account_id, terminal_id, field
  on conflict (account_id, terminal_id, field) do update set
    since = case when known.value = excluded.value then known.since else excluded.since end,
    value = excluded.value, at = excluded.at
  where known.at < excluded.at
  returning account_id, terminal_id, field, value, since, at
)
insert into telemetry_history (account_id, terminal_id, id, at, field, value)
select account_id, terminal_id,
  (left(tillkeeper_lowest_id(at)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, at, field, value
from written
where since = at`;

export async function noteTelemetry(pool: Pool, told: ToldField[]): Promise<void> {
  await pool.query({
    name: "note_telemetry",
    text,
    values: [
      told.map((row) => row.accountId),
      told.map((row) => row.terminalId),
      told.map((row) => row.field),
      told.map((row) => JSON.stringify(row.value)),
      told.map((row) => row.at),
    ],
  });
}
