import { type RawBuilder, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Wanted } from "../source.ts";
import { boundsOf } from "../window.ts";
import { type BoundPlace, idBound, orderOf } from "./bounds.ts";

/**
 * Of a terminal at most one operation (D14), and one activation, is live: each has ended before the next one began. So the order in
 * which they began tells the order of their ends, too: beside those that began in the window only the last one before can have
 * ended in it. One more allows for clocks of servers that differ.
 */
const beside = 2;

interface EdgedPlace extends BoundPlace {
  /** What began before that instant may have ended in the window. */
  edge: number;
}

const places = batchTable<EdgedPlace>({
  id: ["text", ({ id }) => id],
  above: ["uuid", ({ above }) => idBound(above)],
  below: ["uuid", ({ below }) => idBound(below)],
  edge: ["uuid", ({ edge }) => idBound({ at: edge })],
  begin: ["uuid", ({ from }) => idBound({ at: from })],
});

/** Bounds of whole instants: what has a beginning and an end has entries of several sources, whose keys are not compared here. */
function placesOf({ window, subject }: Wanted): EdgedPlace[] {
  const { above, below } = boundsOf(window, "accepted");
  return subject.terminals.map((place) => {
    const from = Math.max(above.at, place.from);
    const until = Math.min(below.at + 1, place.until);
    return { ...place, above: { at: from }, below: { at: until }, edge: Math.min(from, until) };
  });
}

interface Table {
  table: "operations" | "activations";
  /** Rows of the table, `fact`, that count. */
  condition?: RawBuilder<unknown>;
}

/**
 * The ids of what began in the window, the nearest first, and of what may have ended in it though it began before. With several
 * terminals, no more of each are kept than can be among the nearest entries of all. A table for a FROM: `near (id)`.
 */
export function nearestOf(wanted: Wanted, { table, condition = sql`true` }: Table): RawBuilder<unknown> {
  const { subject } = wanted;
  const order = orderOf(wanted);
  const limit = wanted.limit + beside;
  const rows = sql`
    select fact.id from ${sql.raw(table)} as fact
    where fact.account_id = ${subject.accountId} and fact.terminal_id = place.id`;
  return sql`(
    with place as (select * from ${places.of(placesOf(wanted), "place")}), begun as materialized (
      select place.id as terminal, fact.id, row_number() over (order by fact.id ${order}) as rank
      from place
      cross join lateral (
        ${rows} and fact.id > place.above and fact.id < place.below order by fact.id ${order} limit ${limit}
      ) as fact
    )
    select id from begun where rank <= ${limit}
    union
    select id from (
      select id, row_number() over (partition by terminal order by rank) as further from begun where rank > ${limit}
    ) as beyond where further <= ${beside}
    union
    select fact.id from place
    cross join lateral (
      ${rows} and fact.id < place.edge and fact.id > place.begin and ${condition} order by fact.id desc limit ${beside}
    ) as fact
  ) as near`;
}
