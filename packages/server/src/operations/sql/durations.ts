import type { OperationName } from "@tillkeeper/contract/operations";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";

/** How many operations of a kind, on terminals of a model ("" for unknown), took as long as a bucket says. */
export interface DurationCount {
  operation: OperationName;
  deviceModel: string;
  bucket: number;
  count: number;
}

/** Adds to the day's counts. Rows go in by their key: batches of several servers would deadlock otherwise. */
export async function addDurations(db: Kysely<Tables>, at: Date, counts: DurationCount[]): Promise<void> {
  if (counts.length === 0) return;
  await sql`
    insert into operation_durations as known (day, operation, device_model, bucket, count)
    select ${dayOf(at)}::date, row.* from unnest(
      ${counts.map((row) => row.operation)}::text[], ${counts.map((row) => row.deviceModel)}::text[],
      ${counts.map((row) => row.bucket)}::smallint[], ${counts.map((row) => row.count)}::bigint[]
    ) as row (operation, device_model, bucket, count)
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
