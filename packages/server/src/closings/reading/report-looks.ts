export { claimLooks, noteLookedAt, type ReportLook } from "../sql/report-looks.ts";
