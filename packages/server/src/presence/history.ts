import { type Kysely, sql } from "kysely";
import { batchTable } from "../db/batch-table.ts";
import type { Tables } from "../db/schema.ts";
import { lowestId, newId } from "../platform/ids.ts";
import type { Change } from "./events.ts";
import type { Origin } from "./queries.ts";

/** However often a device comes and goes, the history has no more of it in any minute: the first of them, and the last. */
const mostInAMinute = 10;
const minuteMs = 60_000;

type ChangeOf = Origin & Change;

const changed = batchTable<ChangeOf>({
  account_id: ["text", (change) => change.accountId],
  terminal_id: ["text", (change) => change.terminalId],
  id: ["uuid", ({ at }) => newId(at)],
  at: ["timestamptz", ({ at }) => at],
  status: ["text", ({ status }) => status],
  reason: ["text", ({ reason }) => reason],
});

/**
 * Puts changes into the history, the latest of each terminal in any case. Of a flood those in between go again: so it is
 * bounded, and always ends with what holds now. To be called by whoever keeps the terminals' rows.
 */
export async function addChanges(db: Kysely<Tables>, changes: ChangeOf[]): Promise<void> {
  if (changes.length === 0) return;
  await sql`
    insert into presence_changes (${sql.raw(changed.columns)})
    select * from ${changed.of(changes, "change")}`.execute(db);
  await thinOut(db, changes);
}

const looks = batchTable<ChangeOf>({
  account_id: ["text", (change) => change.accountId],
  terminal_id: ["text", (change) => change.terminalId],
  first: ["uuid", ({ at }) => lowestId(new Date(at.getTime() - minuteMs))],
  beyond: ["uuid", ({ at }) => lowestId(new Date(at.getTime() + 1))],
});

/**
 * Each change looks back a minute, and at nothing that lies ahead of it: a clock may have been put back. The bounds are ids made
 * here, as behind row security no index serves the comparison with a function of another table's column.
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
