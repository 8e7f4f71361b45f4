import type { ResultMessage } from "@tillkeeper/contract/mqtt";
import type { SendLogsResult } from "@tillkeeper/contract/operations";
import { entryOf, type Place, type ReadMessage, readMessage } from "./message.ts";

interface Origin {
  accountId: string;
  terminalId: string;
}

/** What the gateway asks of the logs: a terminal's word for one is not enough. */
export interface StoredLogs {
  /** Whether the log that a result of `send_logs` names is there, is of that operation, and is as the result says. */
  holds(origin: Origin, operationId: string, result: SendLogsResult): Promise<boolean>;
  /**
   * Whether this database has the operation. One that went back may have lost the operation, and the log with it: then the
   * result is all that is left, and is kept.
   */
  knowsOperation(origin: Origin, operationId: string): Promise<boolean>;
}

/** Reads a result of a device: as it may be kept, or what in it cannot be understood, or is not so. */
export type ReadResult = (origin: Origin, payload: Buffer) => Promise<ReadMessage<"result">>;

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

/** A result of `send_logs` names a log that is there, or was lost together with its operation. */
async function findFalseClaims(logs: StoredLogs, origin: Origin, message: ResultMessage): Promise<Place[]> {
  const { operation, status, operation_id: id, result } = message;
  if (operation !== "send_logs" || status !== "COMPLETED") return [];
  if (await logs.holds(origin, id, result as SendLogsResult)) return [];
  if (!(await logs.knowsOperation(origin, id))) return [];
  return [{ path: "/result/log_id", message: "names no stored log of this operation with this size and sha256" }];
}
