import { type ClosingReport, closingReportEndpoints as reports } from "@tillkeeper/contract/http/closing-reports";
import { closingEndpoints as closings } from "@tillkeeper/contract/http/closings";
import { inTenant } from "../db/tenants/tenant.ts";
import { Answer, bind, type Route } from "../platform/http/route.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { languageOf } from "./accept.ts";
import { getAccountClosings } from "./account-list.ts";
import { exportMonth } from "./export.ts";
import { bringUpToDate, type ReportDeps } from "./make.ts";
import { listReports, type ReportRow } from "./queries.ts";
import { attachment, closingNotFound, csvContent, keyOf } from "./show.ts";

/** Reports of closings, and the closings of a whole account. */
export function reportRoutes(deps: ReportDeps): Route[] {
  return [
    bind(reports.list, async ({ caller: { accountId }, params: { store_id: storeId, closing_id: id } }) => {
      const key = await keyOf(deps, { accountId, storeId, id });
      const shown = await bringUpToDate(deps, key);
      if (!shown) throw closingNotFound();
      return { reports: (await inTenant(deps.db, accountId, (tx) => listReports(tx, key))).map(presentReport) };
    }),
    bind(closings.listOfAccount, ({ caller: { accountId }, query }) => getAccountClosings(deps, accountId, query)),
    bind(reports.export, ({ caller: { accountId }, query, request }) => {
      const { language, month = deps.clock.now().toISOString().slice(0, 7) } = query;
      const headers = { "content-type": csvContent, "content-disposition": attachment(`closings-${month}.csv`) };
      const rows = exportMonth(deps, { accountId, month, languageOf: languageOf(request, language) });
      return new Answer(rows, { headers });
    }),
  ];
}

function presentReport({ corrects, made_at: at, ...row }: ReportRow): ClosingReport {
  return {
    number: row.number,
    kind: corrects === null ? "original" : "correction",
    ...(corrects !== null && { corrects }),
    closing_id: row.closing_id,
    made_at: documentedTime(at),
    sha256: row.sha256,
    changes: row.changes,
  };
}
