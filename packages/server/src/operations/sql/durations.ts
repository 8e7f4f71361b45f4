import type { OperationName } from "@tillkeeper/contract/operations";
import { type Kysely, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";

/** How many operations of a kind, on terminals of a model ("" for unknown), took as long as a bucket says. */
export interface DurationCount {
  operation: OperationName;
  deviceModel: string;
  bucket: number;
  count: number;
}

const counted = batchTable<DurationCount>({
  operation: ["text", (row) => row.operation],
  device_model: ["text", (row) => row.deviceModel],
  bucket: ["smallint", (row) => row.bucket],
  count: ["bigint", (row) => row.count],
});

/** Adds to the day's counts. Rows go in by their key: batches of several servers would deadlock otherwise. */
export async function addDurations(db: Kysely<Tables>, at: Date, counts: DurationCount[]): Promise<void> {
  if (counts.length === 0) return;
  await sql`
    insert into operation_durations as known (day, ${sql.raw(counted.columns)})
    select ${dayOf(at)}::date, row.* from ${counted.of(counts, "row")}
    order by operation, device_model, bucket
    on conflict (day, operation, device_model, bucket) do update set count = known.count + excluded.count`.execute(db);
}

export async function forgetDurations(db: Kysely<Tables>, before: Date): Promise<void> {
  await sql`delete from operation_durations where day < ${dayOf(before)}::date`.execute(db);
}

export async function readDurations(db: Kysely<Tables>): Promise<DurationCount[]> {
  const { rows } = await sql<{ operation: OperationName; device_model: string; bucket: number; count: number }>`
    select operation, device_model, bucket, sum(count)::float8 as count from operation_durations
    group by operation, device_model, bucket`.execute(db);
  return rows.map(({ device_model, ...row }) => ({ ...row, deviceModel: device_model }));
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
