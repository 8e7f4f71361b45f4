import { type Selectable, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";
import type { Wanted } from "../source.ts";
import { always, type Span } from "../window.ts";
import { type BoundPlace, idBound, noId, orderOf, placesWithin } from "./bounds.ts";
import { nearestOf } from "./one-at-a-time.ts";

/** An operation; while it is live, with the phases of its claim. */
export type OperationRow = Pick<
  Selectable<Tables["operations"]>,
  | "id"
  | "terminal_id"
  | "operation"
  | "status"
  | "created_at"
  | "created_by"
  | "deadline"
  | "updated_at"
  | "updated_by"
  | "dispatched_at"
  | "delivered_at"
  | "started_at"
  | "answered_at"
  | "cancel_requested_at"
  | "cancel_requested_by"
  | "result"
  | "reason"
  | "error"
  | "late_result"
  | "recovered"
  | "told_late_at"
>;

interface LatePlace extends BoundPlace {
  accepted: Span;
}

/** Whenever something was told late, it belongs to where its operation was accepted. */
const latePlaces = batchTable<LatePlace>({
  id: ["text", ({ id }) => id],
  above_at: ["timestamptz", ({ above }) => new Date(above.at)],
  above_id: ["uuid", ({ above }) => above.key ?? noId],
  below_at: ["timestamptz", ({ below }) => new Date(below.at)],
  below_id: ["uuid", ({ below }) => below.key ?? noId],
  begin: ["uuid", ({ accepted }) => idBound({ at: accepted.from })],
  finish: ["uuid", ({ accepted }) => idBound({ at: accepted.until })],
});

const columns = sql`
  fact.id, fact.terminal_id, fact.operation, fact.status, fact.created_at, fact.created_by, fact.deadline, fact.updated_at,
  fact.updated_by, fact.answered_at, fact.result, fact.reason, fact.error, fact.late_result, fact.recovered, fact.told_late_at,
  coalesce(fact.dispatched_at, claim.dispatched_at) as dispatched_at,
  coalesce(fact.delivered_at, claim.delivered_at) as delivered_at,
  coalesce(fact.started_at, claim.started_at) as started_at,
  coalesce(fact.cancel_requested_at, claim.cancel_requested_at) as cancel_requested_at,
  coalesce(fact.cancel_requested_by, claim.cancel_requested_by) as cancel_requested_by`;

/** While an operation is live, its phases are in its claim. */
const claimOf = sql`
  left join lateral (
    select * from operation_claims as live
    where fact.status = 'PENDING' and live.account_id = fact.account_id and live.operation_id = fact.id
    offset 0
  ) as claim on true`;

/** Operations that were accepted in the window, and those before that may have ended in it. */
export async function readOperations(wanted: Wanted): Promise<OperationRow[]> {
  // A recovered one has no end that the server has seen.
  const near = nearestOf(wanted, { table: "operations", condition: sql`not fact.recovered` });
  const { rows } = await sql<OperationRow>`
    select ${columns}
    from ${near}
    cross join lateral (
      select * from operations as fact where fact.account_id = ${wanted.subject.accountId} and fact.id = near.id
      offset 0
    ) as fact
    ${claimOf}`.execute(wanted.tx);
  return rows;
}

/** Operations of which something was told late, in the order of that. */
export async function readToldLate(wanted: Wanted): Promise<OperationRow[]> {
  const { tx, limit, subject } = wanted;
  const order = orderOf(wanted);
  // Whenever it was told, it belongs to where its operation was accepted.
  const anyTime = subject.terminals.map((place) => ({ id: place.id, ...always, accepted: place }));
  const within = placesWithin(wanted, anyTime, "told_late");
  const { rows } = await sql<OperationRow>`
    select ${columns}
    from ${latePlaces.of(within, "place")}
    cross join lateral (
      select * from operations as fact
      where fact.account_id = ${subject.accountId} and fact.terminal_id = place.id
        -- Said, because a comparison of rows does not tell the planner that the partial index has them all.
        and fact.told_late_at is not null
        and (fact.told_late_at, fact.id) > (place.above_at, place.above_id)
        and (fact.told_late_at, fact.id) < (place.below_at, place.below_id)
        and fact.id > place.begin and fact.id < place.finish
      order by fact.told_late_at ${order}, fact.id ${order}
      limit ${limit}
    ) as fact
    ${claimOf}
    order by fact.told_late_at ${order}, fact.id ${order}
    limit ${limit}`.execute(tx);
  return rows;
}
