export { claimLooks, noteNextLook, type ReportLook } from "./sql/report-looks.ts";
