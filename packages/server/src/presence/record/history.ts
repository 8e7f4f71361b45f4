import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { lowestId, newId } from "../../platform/ids.ts";
import type { Change } from "../status/state.ts";
import type { Origin } from "./queries.ts";

/** The most entries per terminal and minute, however often a device connects: the first ones, and the last. */
const mostInAMinute = 10;
const minuteMs = 60_000;

type ChangeOf = Origin & Change;

/**
 * Adds changes to the history. The latest change of each terminal is always kept; of a flood, the entries in between
 * are deleted. So the history is bounded, and ends with the present status. The caller holds the locks on the
 * terminals' presence rows.
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
 * Deletes the entries in between of each minute that has too many. It looks a minute back from each change, and not
 * ahead of it, because a clock may have been put back. The bounds are ids made here: behind row security, no index
 * serves a comparison with a function of another table's column.
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
