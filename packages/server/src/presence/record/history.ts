import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { lowestId, newId } from "../../platform/ids.ts";
import type { Change } from "../status/events.ts";
import type { Origin } from "./queries.ts";

/** However often a device comes and goes, the history has no more of it in any minute: the first of them, and the last. */
const mostInAMinute = 10;
const minuteMs = 60_000;

type ChangeOf = Origin & Change;

/**
 * Puts changes into the history, the latest of each terminal in any case. Of a flood those in between go again: so it is
 * bounded, and always ends with what holds now. To be called by whoever keeps the terminals' rows.
 */
export async function addChanges(db: Kysely<Tables>, changes: ChangeOf[]): Promise<void> {
  if (changes.length === 0) return;
  await sql`
    insert into presence_changes (account_id, terminal_id, id, at, status, reason)
    select * from unnest(
      ${changes.map((change) => change.accountId)}::text[], ${changes.map((change) => change.terminalId)}::text[],
      ${changes.map(({ at }) => newId(at))}::uuid[], ${changes.map(({ at }) => at)}::timestamptz[],
      ${changes.map(({ status }) => status)}::text[], ${changes.map(({ reason }) => reason)}::text[]
    )`.execute(db);
  await thinOut(db, changes);
}

/**
 * Each change looks back a minute, and at nothing that lies ahead of it: a clock may have been put back. The bounds are ids made
 * here, as behind row security no index serves the comparison with a function of another table's column.
 */
async function thinOut(db: Kysely<Tables>, changes: ChangeOf[]): Promise<void> {
  const bound = (afterMs: number) => changes.map(({ at }) => lowestId(new Date(at.getTime() + afterMs)));
  await sql`
    delete from presence_changes as old
    using unnest(
      ${changes.map((change) => change.accountId)}::text[], ${changes.map((change) => change.terminalId)}::text[],
      ${bound(-minuteMs)}::uuid[], ${bound(1)}::uuid[]
    ) as look (account_id, terminal_id, first, beyond)
    cross join lateral (
      select id, row_number() over (order by id) as place, count(*) over () as together
      from presence_changes as recent
      where recent.account_id = look.account_id and recent.terminal_id = look.terminal_id
        and recent.id >= look.first and recent.id < look.beyond
    ) as flood
    where flood.place >= ${mostInAMinute} and flood.place < flood.together
      and old.account_id = look.account_id and old.terminal_id = look.terminal_id and old.id = flood.id`.execute(db);
}
