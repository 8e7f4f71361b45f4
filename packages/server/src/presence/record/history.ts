import { type Kysely, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { eventsOf } from "../../events/write.ts";
import { lowestId, newId } from "../../platform/ids.ts";
import { minuteMs } from "../../platform/time-spans.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";
import type { Change } from "../status/state.ts";

/** The most entries per terminal and minute, however often a device connects: the first ones, and the last. */
const mostInAMinute = 10;

type ChangeOf = TerminalKey & Change;

const changed = batchTable<ChangeOf>({
  account_id: ["text", (change) => change.accountId],
  terminal_id: ["text", (change) => change.terminalId],
  id: ["uuid", ({ at }) => newId(at)],
  at: ["timestamptz", ({ at }) => at],
  status: ["text", ({ status }) => status],
  reason: ["text", ({ reason }) => reason],
});

/** Events of changes; one that the history thins out is told all the same. */
const presenceEvents = eventsOf("events_of_changes", {
  from: "told",
  type: "terminal_presence",
  cause: "reason",
  at: "at",
  subject: "terminal_id",
  storeRef: "store_ref",
  terminalId: "terminal_id",
  actor: "'system'",
  data: "jsonb_build_object('terminal_id', terminal_id, 'status', status, 'reason', reason, 'at', at)",
});

/**
 * Adds changes to the history. The latest change of each terminal is always kept; of a flood, the entries in between
 * are deleted. So the history is bounded, and ends with the present status. The caller holds the locks on the
 * terminals' presence rows.
 */
export async function addChanges(db: Kysely<Tables>, changes: ChangeOf[]): Promise<void> {
  if (changes.length === 0) return;
  await sql`
    with added as (
      insert into presence_changes (${sql.raw(changed.columns)})
      select * from ${changed.of(changes, "change")}
      returning account_id, terminal_id, at, status, reason
    ), told as (
      select added.*, terminals.store_ref
      from added
      join terminals on terminals.account_id = added.account_id and terminals.terminal_id = added.terminal_id
    ), ${sql.raw(presenceEvents)}
    select from told`.execute(db);
  await thinOut(db, changes);
}

const looks = batchTable<ChangeOf>({
  account_id: ["text", (change) => change.accountId],
  terminal_id: ["text", (change) => change.terminalId],
  first: ["uuid", ({ at }) => lowestId(new Date(at.getTime() - minuteMs))],
  beyond: ["uuid", ({ at }) => lowestId(new Date(at.getTime() + 1))],
});

/**
 * Deletes the entries in between of each minute that has too many. It looks a minute back from each change, and not
 * ahead of it, because a clock may have been put back. The bounds are ids made here: behind row security, no index
 * serves a comparison with a function of another table's column.
 */
async function thinOut(db: Kysely<Tables>, changes: ChangeOf[]): Promise<void> {
  await sql`
    delete from presence_changes as old
    using ${looks.of(changes, "look")}
    cross join lateral (
      select id, row_number() over (order by id) as place, count(*) over () as together
      from presence_changes as recent
      where recent.account_id = look.account_id and recent.terminal_id = look.terminal_id
        and recent.id >= look.first and recent.id < look.beyond
    ) as flood
    where flood.place >= ${mostInAMinute} and flood.place < flood.together
      and old.account_id = look.account_id and old.terminal_id = look.terminal_id and old.id = flood.id`.execute(db);
}
