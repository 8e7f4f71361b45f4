import type { Readable } from "node:stream";
import type { TerminalLog, TerminalLogList } from "@tillkeeper/contract/http/logs";
import type { SendLogsResult } from "@tillkeeper/contract/operations";
import { recordChange } from "../access/audit/audit.ts";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { FileStore } from "../files/file-store.ts";
import { missingFile } from "../files/missing-file.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { isUuid } from "../platform/formats.ts";
import { cutPage } from "../platform/http/paging.ts";
import type { Caller } from "../platform/http/route.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { terminalNotFound } from "../terminals/record/present.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";
import { findStored, findStoredOf, listStored, type StoredRow, terminalExists } from "./queries.ts";

export interface LogDeps {
  db: Db;
  clock: Clock;
  files: FileStore;
}

interface LogKey {
  terminalId: string;
  logId: string;
}

/** A page of logs, newest first, also of a deleted terminal. Throws `terminal_not_found`. */
export function getLogs(
  { db }: LogDeps,
  accountId: string,
  { terminalId, startingAfter, limit }: { terminalId: string; startingAfter: string | undefined; limit: number },
): Promise<{ logs: TerminalLogList; next?: string }> {
  return inTenant(db, accountId, async (tx) => {
    if (!(await terminalExists(tx, accountId, terminalId))) throw terminalNotFound();
    const rows = await listStored(tx, accountId, { terminalId, below: startingAfter, limit: limit + 1 });
    const { page, last } = cutPage(rows, limit);
    return { logs: page.map(presentLog), ...(last && { next: last.id }) };
  });
}

/** Throws `log_not_found`. */
export async function getLog({ db }: LogDeps, accountId: string, named: LogKey): Promise<TerminalLog> {
  const row = await inTenant(db, accountId, (tx) => findStored(tx, accountId, named));
  if (!row) throw logNotFound();
  return presentLog(row);
}

/**
 * Opens a log for download, and records the caller in the audit log. Throws `log_not_found`, and `service_unavailable`
 * when its file is missing.
 */
export async function openLog(
  { db, clock, files }: LogDeps,
  caller: Caller,
  named: LogKey,
): Promise<{ log: TerminalLog; content: Readable }> {
  const { accountId } = caller;
  const find = () => inTenant(db, accountId, (tx) => findStored(tx, accountId, named));
  const row = await find();
  if (!row) throw logNotFound();
  const content = await files.get(row.name);
  // The retention may have removed the file since the row was read.
  if (!content) throw (await find()) ? missingFile(row.name) : logNotFound();
  try {
    await inTenant(db, accountId, (tx) =>
      recordChange(tx, clock, caller, {
        action: "log.download",
        subject: { type: "log", id: row.id },
        after: { terminal_id: row.terminal_id, operation_id: row.operation_id, sha256: row.sha256 },
      }),
    );
  } catch (error) {
    content.destroy();
    throw error;
  }
  return { log: presentLog(row), content };
}

/** Whether a terminal's result describes the log that it has sent for this operation. */
export async function hasStoredLog(
  { db }: Pick<LogDeps, "db">,
  { accountId, terminalId }: TerminalKey,
  operationId: string,
  result: SendLogsResult,
): Promise<boolean> {
  if (!isUuid(result.log_id)) return false;
  const row = await inTenant(db, accountId, (tx) => findStoredOf(tx, { accountId, terminalId, operationId }));
  return row?.id === result.log_id && Number(row.size) === result.size && row.sha256 === result.sha256;
}

function presentLog(row: StoredRow): TerminalLog {
  return {
    id: row.id,
    account_id: row.account_id,
    terminal_id: row.terminal_id,
    operation_id: row.operation_id,
    device_serial_number: row.device_serial_number,
    size: Number(row.size),
    unpacked_size: Number(row.unpacked_size),
    sha256: row.sha256,
    masked_count: Number(row.masked_count),
    created_at: documentedTime(row.created_at),
  };
}

function logNotFound(): ApiError {
  return new ApiError("log_not_found", "The terminal has no such log.");
}
