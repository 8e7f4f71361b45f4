import { type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { Wanted } from "../source.ts";
import { orderOf, placesById, placesWithin } from "./bounds.ts";

type Row<Table extends keyof Tables> = Selectable<Tables[Table]>;

/** Facts of terminals whose ids are in the order of their instants, with the condition under which each counts. */
const byId = {
  presence: { table: "presence_changes", condition: sql`true` },
  telemetry: { table: "telemetry_history", condition: sql`true` },
  log: { table: "terminal_logs", condition: sql`fact.state = 'stored'` },
} as const;

async function read<R>(wanted: Wanted, source: keyof typeof byId): Promise<R[]> {
  const { tx, subject, limit } = wanted;
  const places = placesWithin(wanted, subject.terminals, source);
  if (places.length === 0) return [];
  const { table, condition } = byId[source];
  const order = orderOf(wanted);
  const { rows } = await sql<R>`
    select fact.* from ${placesById.of(places, "place")}
    cross join lateral (
      select * from ${sql.raw(table)} as fact
      where fact.account_id = ${subject.accountId} and fact.terminal_id = place.id
        and fact.id > place.above and fact.id < place.below and ${condition}
      order by fact.id ${order} limit ${limit}
    ) as fact
    order by fact.id ${order} limit ${limit}`.execute(tx);
  return rows;
}

export const readPresence = (wanted: Wanted) => read<Row<"presence_changes">>(wanted, "presence");
export const readTelemetry = (wanted: Wanted) => read<Row<"telemetry_history">>(wanted, "telemetry");
export const readLogs = (wanted: Wanted) => read<Row<"terminal_logs">>(wanted, "log");

/** The last fault of each terminal that has told of one. No more of them are kept. */
export async function readFaults({ tx, subject }: Wanted): Promise<Row<"terminal_presence">[]> {
  const ids = [...new Set(subject.terminals.map(({ id }) => id))];
  const { rows } = await sql<Row<"terminal_presence">>`
    select * from terminal_presence
    where account_id = ${subject.accountId} and terminal_id = any(${ids}) and fault_at is not null`.execute(tx);
  return rows;
}
