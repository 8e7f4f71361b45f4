import type { ReceiptMessage, ResultMessage, StartedMessage } from "@tillkeeper/contract/mqtt";
import type { Db } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { gather } from "../platform/gather.ts";
import { findOperation, recordLateResult } from "./queries.ts";
import { expireOperations } from "./sql/expire.ts";
import { endedKey, type Finish, finishOperations } from "./sql/finish.ts";
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

type Report = { start: Start; finish?: undefined } | { finish: Finish; start?: undefined };

export function createReports({ db, clock }: { db: Db; clock: Clock }): Reports {
  const report = gather<Report, boolean>({
    // One batch at a time: two would race, and of two results of a terminal the later could come first.
    slots: 1,
    maxBatch: 128,
    maxQueue: 20_000,
    overload: () => new ApiError("service_unavailable", "Too many reports are waiting."),
    run: (batch) => writeReports(db, batch),
  });

  return {
    async started(origin, message) {
      await report({ start: { ...origin, id: message.operation_id, at: clock.now() } });
    },

    async finished(origin, message) {
      const finish = toFinish(origin, message, clock.now());
      const ended = await report({ finish });
      return ended ? message.status : settleUnmatched(db, origin, message, finish.at);
    },
  };
}

/** Answers, for each report in order, whether it is the one that ended its operation. */
async function writeReports(db: Db, batch: Report[]): Promise<boolean[]> {
  const starts = new Map<string, Start>();
  const finishes = new Map<string, Finish>();
  for (const { start, finish } of batch) {
    if (start) starts.set(keyOf(start), start);
    // Of two results of one operation the first counts; the other will be told what was kept.
    else if (!finishes.has(keyOf(finish))) finishes.set(keyOf(finish), finish);
  }
  for (const [key, finish] of finishes) {
    finish.startedAt = starts.get(key)?.at ?? null;
    starts.delete(key);
  }
  const begun = [...starts.values()];
  if (begun.length > 0) await retried(() => startOperations(db.pool, begun));
  const ended = finishes.size > 0 ? await retried(() => finishOperations(db.pool, [...finishes.values()])) : new Set();
  return batch.map(
    ({ finish }) => finish !== undefined && finishes.get(keyOf(finish)) === finish && ended.has(endedKey(finish)),
  );
}

function keyOf({ accountId, terminalId, id }: Start | Finish): string {
  return `${accountId} ${terminalId} ${id}`;
}

function toFinish(origin: Origin, message: ResultMessage, at: Date): Finish {
  const failed = message.status === "FAILED";
  return {
    ...origin,
    id: message.operation_id,
    operation: message.operation,
    status: message.status,
    result: failed ? null : message.result,
    reason: failed ? (message.reason ?? "device_error") : null,
    error: failed ? (message.error ?? null) : null,
    startedAt: null,
    at,
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
    const { status, result, reason, error } = toFinish({ accountId, terminalId }, message, at);
    const late = {
      status,
      finished_at: message.finished_at,
      ...(status === "COMPLETED" ? { result } : { reason, error }),
    };
    await recordLateResult(db.sql, { accountId, id: row.id, late: withoutNulls(late) });
  }
  return row.status;
}

function withoutNulls(fields: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
