import { batchTable } from "../db/batch-table.ts";

/** Terminals by their primary key, for statements about many of them. */
export const terminalKeys = batchTable<{ accountId: string; terminalId: string }>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
});
