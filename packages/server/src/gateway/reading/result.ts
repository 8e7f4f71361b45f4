import type { ResultMessage } from "@tillkeeper/contract/mqtt";
import type { SendLogsResult } from "@tillkeeper/contract/operations";
import { entryOf, type Place, type ReadMessage, readMessage } from "./message.ts";

interface TerminalKey {
  accountId: string;
  terminalId: string;
}

/**
 * What the gateway asks of the logs, because the report of a terminal does not prove that a log is stored. Each
 * function is called for a completed `send_logs`, and throws when the database cannot be asked.
 */
export interface StoredLogs {
  /**
   * Whether the log that a result of `send_logs` names is stored, belongs to that operation, and has the reported size
   * and hash.
   */
  holds(origin: TerminalKey, operationId: string, result: SendLogsResult): Promise<boolean>;
  /**
   * Whether this database has the operation. A database restored to an earlier moment may have lost the operation and
   * its log. The result is all that is left then, and is stored.
   */
  knowsOperation(origin: TerminalKey, operationId: string): Promise<boolean>;
}

/** Reads a result of a device. Answers it as it may be stored, or the places that are not understood or not true. */
export type ReadResult = (origin: TerminalKey, payload: Buffer) => Promise<ReadMessage<"result">>;

export function resultReader(logs: StoredLogs): ReadResult {
  return async (origin, payload) => {
    const read = readMessage("result", payload);
    if (read.places) return read;
    const places = await findFalseClaims(logs, origin, read.message);
    return places.length > 0
      ? { places, operationId: read.message.operation_id, unreadable: entryOf(read.message) }
      : read;
  };
}

/** The places of a `send_logs` result that name no stored log. None if the log was lost together with its operation. */
async function findFalseClaims(logs: StoredLogs, origin: TerminalKey, message: ResultMessage): Promise<Place[]> {
  const { operation, status, operation_id: id, result } = message;
  if (operation !== "send_logs" || status !== "COMPLETED") return [];
  if (await logs.holds(origin, id, result as SendLogsResult)) return [];
  if (!(await logs.knowsOperation(origin, id))) return [];
  return [{ path: "/result/log_id", message: "names no stored log of this operation with this size and sha256" }];
}
