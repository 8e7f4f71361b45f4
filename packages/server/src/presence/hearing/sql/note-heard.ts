import type { Pool } from "pg";
import { batchTable } from "../../../db/batch-table.ts";
import { mostAheadMs } from "../../status/status.ts";

/** A message on the known connection of a terminal; `session` is null unless the message is a heartbeat. */
export interface Heard {
  accountId: string;
  terminalId: string;
  /** The address of the device that sent it. */
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
 * The usual case for all terminals heard within a second, in one statement: only times change. None of the columns is in an
 * index, so each row stays on its page. It skips terminals that need the rules: not online, another session, a fault that
 * may have ended, or a last time from a clock that was ahead. Messages of replaced devices do not count.
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

/** Answers the ids of the terminals that it wrote; they are unique over all accounts. */
export async function noteHeard(pool: Pool, batch: Heard[], now: Date): Promise<Set<string>> {
  const { rows } = await pool.query<{ terminal_id: string }>({
    name: "note_heard",
    text,
    values: [...heard.values(batch), new Date(now.getTime() + mostAheadMs)],
  });
  return new Set(rows.map((row) => row.terminal_id));
}
