import { csvType, htmlType, type ReportQuery } from "@tillkeeper/contract/http/closing-reports";
import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { FastifyRequest } from "fastify";
import { inTenant } from "../db/tenants/tenant.ts";
import { storeNotFound } from "../merchants/stores/changes.ts";
import { storeDays } from "../merchants/stores/days.ts";
import { ApiError } from "../platform/errors.ts";
import { isUuid } from "../platform/formats.ts";
import { Answer } from "../platform/http/route.ts";
import { languageOf, typeOf } from "./accept.ts";
import { csvHeader, csvRows } from "./csv.ts";
import { bringUpToDate, type ReportDeps, type ShownReport, shownOf } from "./make.ts";
import { pageOf } from "./page.ts";
import { findReport, type ReportKey } from "./queries.ts";
import { styleOf } from "./style.ts";

/** Names a closing as callers do. */
export interface OfStore {
  accountId: string;
  storeId: string;
  id: string;
}

/**
 * Answers a request for a closing by a report: as CSV or as a page, or as JSON where a number is named. Undefined: the request wants
 * the closing as it stands now. Throws `not_acceptable`, `store_not_found`, `closing_not_found`, `report_not_found`.
 */
export async function showReport(
  deps: ReportDeps,
  request: FastifyRequest,
  of: OfStore,
  { report: number, language: asked, width = "a4" }: ReportQuery,
): Promise<Answer<Closing | string> | undefined> {
  const type = typeOf(request);
  if (type === "application/json" && number === undefined) return undefined;
  const shown = await reportOf(deps, await keyOf(deps, of), number);
  const language = languageOf(request, asked)(shown.body.country);
  if (type === csvType) {
    const headers = { "content-type": csvContent, "content-disposition": attachment(nameOf(shown)) };
    return new Answer(csvHeader + csvRows(shown, language), { headers });
  }
  if (type === htmlType) {
    const headers = {
      "content-type": "text/html; charset=utf-8",
      "content-language": language,
      "content-security-policy": styleOf(width).policy,
    };
    return new Answer(pageOf(shown, { language, width }), { headers });
  }
  return new Answer(shown.body.closing);
}

/** The content type of CSV with a header row (RFC 4180). */
export const csvContent = `${csvType}; charset=utf-8; header=present`;

/** The value of `Content-Disposition` for a file with this name. */
export function attachment(name: string): string {
  return `attachment; filename="${name.replaceAll(/[^\w.-]/g, "_")}"`;
}

function nameOf({ head, body: { closing } }: ShownReport): string {
  return `closing-${closing.business_day}-${closing.store_id}-${head?.number ?? "provisional"}.csv`;
}

/** Throws `store_not_found`, `closing_not_found`. */
export function keyOf(deps: ReportDeps, { accountId, storeId, id }: OfStore): Promise<ReportKey> {
  return inTenant(deps.db, accountId, async (tx) => {
    const [store] = await storeDays(tx, accountId, { storeId }, { now: deps.clock.now() });
    if (!store) throw storeNotFound();
    if (!isUuid(id)) throw closingNotFound();
    return { accountId, id, storeRef: store.id };
  });
}

async function reportOf(deps: ReportDeps, key: ReportKey, number: number | undefined): Promise<ShownReport> {
  const shown = await bringUpToDate(deps, key);
  if (!shown) throw closingNotFound();
  if (number === undefined || number === shown.head?.number) return shown;
  const row = await inTenant(deps.db, key.accountId, (tx) => findReport(tx, key, number));
  if (!row) throw new ApiError("report_not_found", "The closing has no report with this number.");
  return shownOf(row);
}

export function closingNotFound(): ApiError {
  return new ApiError("closing_not_found", "There is no such closing.");
}
