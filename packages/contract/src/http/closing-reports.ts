import { type Static, Type } from "typebox";
import { Uuid } from "../scalars.ts";
import { readOperations } from "../scopes.ts";
import { ClosingTotals } from "./closing-schemas.ts";
import { endpoint } from "./endpoint.ts";
import { ofAccount, ofStore, PathId } from "./params.ts";

/** Reports of closings: what was so at a moment, numbered and never changed (docs/reports.md). */
export const csvType = "text/csv";
export const htmlType = "text/html";

/** The widths of paper that pages are made for. */
export const reportWidths = ["a4", "80mm"] as const;
export type ReportWidth = (typeof reportWidths)[number];

const Language = Type.Enum(["en", "nb", "sv", "da"], {
  description: "Of sentences for people. Left out: what `Accept-Language` prefers, else that of the store's country.",
});
const ReportNumber = Type.Integer({ minimum: 1, description: "The report's number, counted for each store." });

/** How a report is asked for. */
export const ReportQuery = Type.Object(
  {
    report: Type.Optional({
      ...ReportNumber,
      maximum: 2_147_483_647,
      description:
        "The report with this number. Left out: JSON as the closing stands now, CSV and page of the latest report.",
    }),
    language: Type.Optional(Language),
    width: Type.Optional(
      Type.Enum([...reportWidths], {
        description: "Of the page: A4, or the paper of a receipt printer. Left out: a4.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ReportQuery = Static<typeof ReportQuery>;

/** What differs between a report and the one before. */
export const ReportChange = Type.Object({
  what: Type.String({
    description:
      "state, comparison: of the closing. terminal_state, reason, close: of a terminal. batch: one was closed or its figures changed. " +
      "Any other word: a sum in a currency.",
    examples: ["terminal_state", "purchases_amount"],
  }),
  terminal_id: Type.Optional(Type.String()),
  currency: Type.Optional(Type.String()),
  from: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
  to: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
});
export type ReportChange = Static<typeof ReportChange>;

/** A report without what it reports. */
export const ClosingReport = Type.Object({
  number: ReportNumber,
  kind: Type.Enum(["original", "correction"]),
  corrects: Type.Optional({ ...ReportNumber, description: "The number of the report before, which stays as it is." }),
  closing_id: Uuid,
  made_at: Type.String({ format: "date-time" }),
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "Of what is stored; the page shows it, too." }),
  changes: Type.Array(ReportChange, { description: "What differs from the report before; empty in the original." }),
});
export type ClosingReport = Static<typeof ClosingReport>;

const ClosingReportList = Type.Object({ reports: Type.Array(ClosingReport) });

/** The sums of a business day over all stores. */
export const ClosingSums = Type.Object(
  {
    closings_count: Type.Integer({ minimum: 0 }),
    totals: Type.Array(ClosingTotals),
    complete: Type.Boolean({ description: "false: the account has more closings than are added up." }),
  },
  {
    description:
      "With `business_day`, on the first page: what the closings that the filters leave add up to, by currency, up to 1,000 of them.",
  },
);

const tag = "Closings";
const MonthQuery = Type.Object(
  {
    month: Type.Optional(
      Type.String({
        pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$",
        description: "YYYY-MM, of business days. Left out: the running month, UTC.",
        examples: ["2026-06"],
      }),
    ),
    language: Type.Optional(Language),
  },
  { additionalProperties: false },
);

export const closingReportEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/accounts/:aid/stores/:store_id/closings/:closing_id/reports",
    scopes: readOperations,
    id: "aid_stores_sid_closings_id_reports_get",
    summary: "List the reports of a closing, the original first",
    tag,
    params: Type.Object({ ...ofStore.properties, closing_id: PathId }),
    answers: { 200: ClosingReportList },
    errors: ["store_not_found", "closing_not_found"],
  }),
  export: endpoint({
    method: "GET",
    path: "/v1/accounts/:aid/closings/export",
    scopes: readOperations,
    id: "aid_closings_export_get",
    summary: "A month's closings of all stores as CSV, each by its latest report",
    tag,
    params: ofAccount,
    query: MonthQuery,
    answers: { 200: Type.Any() },
    binary: csvType,
    headers: ["content-disposition"],
  }),
};
