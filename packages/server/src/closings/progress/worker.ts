import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { dayMs, hourMs, minuteMs } from "../../platform/time-spans.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { type ClosingKey, claimDue, deleteClosings, forgetRequests } from "../queries.ts";

interface WorkerDeps {
  db: Db;
  clock: Clock;
  advanceAll: (keys: readonly ClosingKey[]) => Promise<unknown>;
}

const everyMs = 1_000;
const mostAtOnce = 500;
/** The lease of a claim: after it another server takes over, in case this one has died. */
const againMs = 30_000;

/** Carries closings forward whose time to be looked at has come. */
export function closingWorker({ db, clock, advanceAll }: WorkerDeps): Worker {
  return every(
    "closings",
    everyMs,
    async () => {
      const now = clock.now();
      const due = await claimDue(db.sql, { now, again: new Date(now.getTime() + againMs), limit: mostAtOnce });
      await advanceAll(due);
      return due.length === mostAtOnce;
    },
    { backWithinMs: everyMs },
  );
}

const forgetEveryMs = 10 * minuteMs;
const forgetBatch = 1_000;

/**
 * Deletes the idempotency keys of requests for closings after 48 hours, and closings together with their operations, from which
 * their ends are computed.
 */
export function closingRetentionWorker({
  db,
  clock,
  retentionDays,
}: Pick<WorkerDeps, "db" | "clock"> & { retentionDays: number }): Worker {
  return every("closings.forget", forgetEveryMs, async () => {
    const before = (ms: number) => new Date(clock.now().getTime() - ms);
    const keys = await forgetRequests(db.sql, before(limits.idempotencyKeyHours * hourMs), forgetBatch);
    const closings = await deleteClosings(db.sql, before(retentionDays * dayMs), forgetBatch);
    return keys === forgetBatch || closings === forgetBatch;
  });
}
