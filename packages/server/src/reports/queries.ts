import type { ReportChange } from "@tillkeeper/contract/http/closing-reports";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../db/tables/schema.ts";

/** Names a closing by its store's generated id. */
export interface ReportKey {
  accountId: string;
  id: string;
  storeRef: string;
}

/** A report without its body. */
export interface ReportRow {
  number: number;
  closing_id: string;
  corrects: number | null;
  made_at: Date;
  sha256: string;
  changes: ReportChange[];
}

export type WholeReportRow = ReportRow & { body: string };

const head = ["number", "closing_id", "corrects", "made_at", "sha256", "changes"] as const;

function ofClosing(db: Kysely<Tables>, { accountId, id, storeRef }: ReportKey) {
  return db
    .selectFrom("closing_reports")
    .where("account_id", "=", accountId)
    .where("closing_id", "=", id)
    .where("store_ref", "=", storeRef);
}

/** The latest report of a closing, or the one with that number. */
export function findReport(db: Kysely<Tables>, key: ReportKey, number?: number): Promise<WholeReportRow | undefined> {
  return ofClosing(db, key)
    .select([...head, "body"])
    .$if(number !== undefined, (query) => query.where("number", "=", number ?? 0))
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** The reports of a closing, the original first. */
export function listReports(db: Kysely<Tables>, key: ReportKey): Promise<ReportRow[]> {
  return ofClosing(db, key)
    .select([...head])
    .orderBy("number")
    .execute();
}

/** Locks the numbers of a store until the transaction ends; answers the last one. */
export async function lockNumbers(db: Kysely<Tables>, { accountId, storeRef }: ReportKey): Promise<number> {
  const { rows } = await sql<{ last_number: number }>`
    insert into closing_report_numbers as numbers (account_id, store_ref, last_number) values (${accountId}, ${storeRef}, 0)
    on conflict (account_id, store_ref) do update set last_number = numbers.last_number
    returning last_number`.execute(db);
  return rows[0]?.last_number ?? 0;
}

/** Writes a report down under the number after the last one, which must be locked. */
export async function insertReport(
  db: Kysely<Tables>,
  { accountId, id, storeRef }: ReportKey,
  { changes, ...report }: Omit<WholeReportRow, "closing_id"> & { business_day: string },
): Promise<void> {
  const key = { account_id: accountId, store_ref: storeRef };
  await db
    .insertInto("closing_reports")
    .values({ ...key, ...report, closing_id: id, changes: JSON.stringify(changes) })
    .execute();
  await db
    .updateTable("closing_report_numbers")
    .set({ last_number: report.number })
    .where("account_id", "=", accountId)
    .where("store_ref", "=", storeRef)
    .execute();
}

/** The days of a month: the first, and the first of the next month. */
export interface Month {
  from: string;
  before: string;
}

/** The row behind which a page of the export begins. */
export interface Place {
  day: string;
  storeRef: string;
  id: string;
}

export type ExportedReport = Place & ReportRow & { body: string };

/** The latest reports of the closings of a month, day after day. */
export async function pageOfMonth(
  db: Kysely<Tables>,
  accountId: string,
  { month, after, limit }: { month: Month; after: Place | undefined; limit: number },
): Promise<ExportedReport[]> {
  const { day, storeRef, id } = after ?? { day: month.from, storeRef: "", id: "00000000-0000-0000-0000-000000000000" };
  const { rows } = await sql<ExportedReport>`
    select distinct on (business_day, store_ref, closing_id)
      business_day::text as day, store_ref as "storeRef", closing_id as id, closing_id, number, corrects, made_at, sha256, changes, body
    from closing_reports
    where account_id = ${accountId} and business_day >= ${month.from}::date and business_day < ${month.before}::date
      and (business_day, store_ref, closing_id) > (${day}::date, ${storeRef}, ${id}::uuid)
    order by business_day, store_ref, closing_id, number desc
    limit ${limit}`.execute(db);
  return rows;
}

/** Which of these closings have a report. */
export async function reportedOf(db: Kysely<Tables>, accountId: string, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ closing_id: string }>`
    select distinct closing_id from closing_reports
    where account_id = ${accountId} and closing_id = any(${ids}::uuid[])`.execute(db);
  return new Set(rows.map(({ closing_id: id }) => id));
}
