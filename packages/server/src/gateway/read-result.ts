import type { ResultMessage } from "@tillkeeper/contract/mqtt";
import type { SendLogsResult } from "@tillkeeper/contract/operations";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import { holdsLog } from "../logs/logs.ts";
import { findOperation } from "../operations/commands.ts";
import { entryOf, type Place, type ReadMessage, readMessage } from "./read-message.ts";

interface Origin {
  accountId: string;
  terminalId: string;
}

/** Reads a result of a device: as it may be kept, or what in it cannot be understood, or is not so. */
export type ReadResult = (origin: Origin, payload: Buffer) => Promise<ReadMessage<"result">>;

export function resultReader(deps: { db: Db }): ReadResult {
  return async (origin, payload) => {
    const read = readMessage("result", payload);
    if (read.places) return read;
    const places = await findFalseClaims(deps, origin, read.message);
    return places.length > 0
      ? { places, operationId: read.message.operation_id, unreadable: entryOf(read.message) }
      : read;
  };
}

/**
 * A terminal's word for a log is not enough: a result of `send_logs` names one that is there, is of that operation, and is as
 * the result says. A database that went back may have lost the operation, and the log with it: then the result is all that
 * is left, and is kept.
 */
async function findFalseClaims({ db }: { db: Db }, origin: Origin, message: ResultMessage): Promise<Place[]> {
  const { operation, status, operation_id: id, result } = message;
  if (operation !== "send_logs" || status !== "COMPLETED") return [];
  if (await holdsLog({ db }, origin, id, result as SendLogsResult)) return [];
  const { accountId } = origin;
  if (!(await inTenant(db, accountId, (tx) => findOperation(tx, accountId, id)))) return [];
  return [{ path: "/result/log_id", message: "names no stored log of this operation with this size and sha256" }];
}
