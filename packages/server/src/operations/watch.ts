import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import type { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import type { Logger } from "../platform/log/log.ts";
import type { Traces } from "../platform/tracing/traces.ts";

/** An operation that has ended, as it is counted and logged. */
export interface EndedOperation {
  accountId: string;
  operationId: string;
  terminalId: string;
  operation: OperationName;
  status: Exclude<OperationStatus, "PENDING">;
  /** Undefined with COMPLETED. */
  reason: OperationReason | undefined;
  /** Of a TIMEOUT: how long after its deadline it was ended, in milliseconds. */
  lateMs?: number;
  /** Of one that a request ended. */
  requestId?: string | undefined;
  /** Its place in a trace; null where none is recorded. */
  traceparent: string | null;
  /** Of one that its terminal answered: when this server got the answer, in milliseconds of its machine's clock. */
  heardAt?: number;
}

/** Hears of operations after the commit that accepted or ended them, on the server that did it. Its functions must not throw. */
export interface OperationWatch {
  accepted(operation: OperationName): void;
  ended(ended: EndedOperation): void;
}

/** Counts by `count`, writes a line of the log for each operation that ended, and its last span where it is traced. */
export function operationWatch(log: Pick<Logger, "info">, count: OperationWatch, traces?: Traces): OperationWatch {
  return {
    accepted: (operation) => count.accepted(operation),
    ended(ended) {
      count.ended(ended);
      const { accountId, operationId, terminalId, operation, status, reason, lateMs, requestId } = ended;
      log.info(
        {
          operation_id: operationId,
          ...(requestId && { request_id: requestId }),
          account_id: accountId,
          terminal_id: terminalId,
          operation,
          status,
          ...(reason && { reason }),
          ...(lateMs !== undefined && { late_ms: lateMs }),
        },
        "an operation ended",
      );
      const span = traces?.child(ended.traceparent, {
        name: "end operation",
        facts: { operation_id: operationId, account_id: accountId, terminal_id: terminalId, operation, status },
        ...(ended.heardAt !== undefined && { kind: "consumer", beganAt: ended.heardAt }),
      });
      span?.end({ ...(reason && { facts: { reason } }) });
    },
  };
}
