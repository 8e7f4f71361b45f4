import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { SendLogsResult } from "@tillkeeper/contract/operations";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { hasStoredLog } from "../../logs/logs.ts";
import { findOperation } from "../../operations/commands.ts";
import type { Place } from "../../operations/reports/results.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";
import { type ReadMessage, readMessage } from "./message.ts";
import { unreadableOf } from "./unreadable.ts";

/** Reads a result of a device. Answers it as it may be stored, or the places that are not understood or not true. */
export type ReadResult = (origin: TerminalKey, payload: Buffer) => Promise<ReadMessage<"result">>;

export function resultReader(deps: { db: Db }): ReadResult {
  return async (origin, payload) => {
    const read = readMessage("result", payload);
    if (read.places) return read;
    const places = await findFalseClaims(deps, origin, read.message);
    return places.length > 0
      ? { places, operationId: read.message.operation_id, unreadable: unreadableOf(read.message, places) }
      : read;
  };
}

/**
 * The places of a `send_logs` result that name no stored log: a report does not prove that a log is stored. None if a
 * restored database lost the log together with its operation. Then the result is all that is left, and is stored.
 */
async function findFalseClaims({ db }: { db: Db }, origin: TerminalKey, message: ResultMessage): Promise<Place[]> {
  const { operation, status, operation_id: id, result } = message;
  if (operation !== "send_logs" || status !== "COMPLETED") return [];
  if (await hasStoredLog({ db }, origin, id, result as SendLogsResult)) return [];
  const { accountId } = origin;
  if (!(await inTenant(db, accountId, (tx) => findOperation(tx, accountId, id)))) return [];
  return [{ path: "/result/log_id", message: "names no stored log of this operation with this size and sha256" }];
}
