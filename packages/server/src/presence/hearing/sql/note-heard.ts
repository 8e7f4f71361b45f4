import type { Pool } from "pg";
import { batchTable } from "../../../db/batch-table.ts";
import { mostAheadMs } from "../../status/status.ts";

/** A terminal that was heard on the connection that is known; `session` is null of a message other than a heartbeat. */
export interface Heard {
  accountId: string;
  terminalId: string;
  /** Of the device that was heard. */
  address: string;
  session: string | null;
  at: Date;
  nextExpectedAt: Date;
  roundTripMs: number | null;
}

const heard = batchTable<Heard>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
  address: ["text", (row) => row.address],
  session: ["text", (row) => row.session],
  at: ["timestamptz", (row) => row.at],
  next_expected_at: ["timestamptz", (row) => row.nextExpectedAt],
  round_trip_ms: ["integer", (row) => row.roundTripMs],
});

const horizon = heard.next;

/**
 * The usual case of all terminals that were heard within a second, in one statement: nothing changes but times. None of
 * its columns is in an index, so each row stays on its page. Whoever it does not concern is left to the rules: one that
 * was not online, whose session is another, whose fault may have ended, or that was heard when a clock was ahead. Of a device that was replaced nothing counts.
 */
const text = `
with input as (
  select * from ${heard.as("row")}
  order by account_id, terminal_id
)
update terminal_presence as presence set
  last_heard_at = greatest(presence.last_heard_at, input.at),
  next_expected_at = greatest(presence.next_expected_at, input.next_expected_at),
  round_trip_ms = coalesce(input.round_trip_ms, presence.round_trip_ms)
from input
where presence.account_id = input.account_id and presence.terminal_id = input.terminal_id
  and presence.status = 'online' and presence.lost_at is null and presence.shut_down_at is null
  and presence.last_heard_at <= ${horizon}
  and (
    input.session is null
    or (presence.session = input.session and (presence.fault_at is null or presence.fault_ended_at is not null))
  )
  and exists (
    select from terminal_credentials as credential
    where credential.account_id = input.account_id and credential.terminal_id = input.terminal_id
      and credential.address = input.address
  )
returning presence.terminal_id`;

/** Answers the ids of those that it concerned; they are unique over all accounts. */
export async function noteHeard(pool: Pool, batch: Heard[], now: Date): Promise<Set<string>> {
  const { rows } = await pool.query<{ terminal_id: string }>({
    name: "note_heard",
    text,
    values: [...heard.values(batch), new Date(now.getTime() + mostAheadMs)],
  });
  return new Set(rows.map((row) => row.terminal_id));
}
