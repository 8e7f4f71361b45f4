import { batchTable } from "../db/batch-table.ts";

/** The primary key of a terminal. */
export interface TerminalKey {
  accountId: string;
  terminalId: string;
}

/** Terminals by their primary key, for statements about many of them. */
export const terminalKeys = batchTable<TerminalKey>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
});
