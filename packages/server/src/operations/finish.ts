import type { ReceiptMessage, ResultMessage, StartedMessage } from "@tillkeeper/contract/mqtt";
import type { Db } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { gather } from "../platform/gather.ts";
import { findOperation, recordLateResult } from "./queries.ts";
import { expireOperations } from "./sql/expire.ts";
import { type Finish, finishOperations } from "./sql/finish.ts";
import { type Start, startOperations } from "./sql/start.ts";

interface Origin {
  accountId: string;
  terminalId: string;
}

/** What terminals report about operations, gathered into batches like the requests that create them. */
export interface Reports {
  started(origin: Origin, message: StartedMessage): Promise<void>;
  /** Resolves when the result, or the fact that it came too late, is committed; answers the state to acknowledge. */
  finished(origin: Origin, message: ResultMessage): Promise<ReceiptMessage["status"]>;
}

export function createReports({ db, clock }: { db: Db; clock: Clock }): Reports {
  const overload = () => new ApiError("service_unavailable", "Too many results are waiting.");
  const common = { slots: 2, maxBatch: 128, maxQueue: 20_000, overload };
  const finish = gather<Finish, boolean>({
    ...common,
    run: (batch) => retried(() => finishOperations(db.pool, batch)),
  });
  const start = gather<Start, void>({ ...common, run: (batch) => retried(() => startOperations(db.pool, batch)) });

  return {
    started: (origin, message) => start({ ...origin, id: message.operation_id, at: clock.now() }),

    async finished(origin, message) {
      const at = clock.now();
      const ended = await finish({
        ...origin,
        id: message.operation_id,
        operation: message.operation,
        status: message.status,
        result: message.status === "COMPLETED" ? message.result : null,
        reason: message.status === "FAILED" ? (message.reason ?? "device_error") : null,
        error: message.status === "FAILED" ? (message.error ?? null) : null,
        at,
      });
      return ended ? message.status : settleUnmatched(db, origin, message, at);
    },
  };
}

/** A result that ended nothing: repeated, too late, or of an operation that this terminal never had. */
async function settleUnmatched(
  db: Db,
  { accountId, terminalId }: Origin,
  message: ResultMessage,
  at: Date,
): Promise<ReceiptMessage["status"]> {
  let row = await findOperation(db.sql, accountId, message.operation_id);
  if (row?.terminal_id !== terminalId || row.operation !== message.operation) return "UNKNOWN";
  if (row.status === "PENDING") {
    // Past its deadline, but the worker has not come by yet: it is TIMEOUT before its late answer is noted.
    await expireOperations(db.pool, at, 1_000);
    row = await findOperation(db.sql, accountId, message.operation_id);
  }
  if (!row || row.status === "PENDING")
    throw new ApiError("service_unavailable", "The operation is being ended; repeat.");
  if (row.status === "TIMEOUT") {
    const { status, finished_at, result, reason, error } = message;
    await recordLateResult(db.sql, { accountId, id: row.id, late: { status, finished_at, result, reason, error } });
  }
  return row.status;
}
