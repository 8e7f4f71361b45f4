import { type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { Place, Wanted } from "../source.ts";
import { orderOf, placesByTimeAndNumber, placesWithin } from "./bounds.ts";

export type ChangeRow = Pick<
  Selectable<Tables["audit_log"]>,
  "seq" | "at" | "actor" | "action" | "subject_id" | "entry"
>;

interface Asked {
  source: "change" | "store_change";
  subjectType: "terminal" | "store";
  places: readonly Place[];
  /** Only these; all without it. */
  actions?: readonly string[];
}

/** Entries of the audit log about terminals or stores. */
export async function readChanges(
  wanted: Wanted,
  { source, subjectType, places, actions }: Asked,
): Promise<ChangeRow[]> {
  const { tx, subject, limit } = wanted;
  const within = placesWithin(wanted, places, source);
  if (within.length === 0) return [];
  const order = orderOf(wanted);
  const { rows } = await sql<ChangeRow>`
    select fact.seq, fact.at, fact.actor, fact.action, fact.subject_id, fact.entry
    from ${placesByTimeAndNumber.of(within, "place")}
    cross join lateral (
      select * from audit_log as fact
      where fact.account_id = ${subject.accountId} and fact.subject_type = ${subjectType} and fact.subject_id = place.id
        and (fact.at, fact.seq) > (place.above_at, place.above_number)
        and (fact.at, fact.seq) < (place.below_at, place.below_number)
        ${actions ? sql`and fact.action = any(${actions}::text[])` : sql``}
      order by fact.at ${order}, fact.seq ${order} limit ${limit}
    ) as fact
    order by fact.at ${order}, fact.seq ${order} limit ${limit}`.execute(tx);
  return rows;
}
