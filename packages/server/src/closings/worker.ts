import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { hourMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { type ClosingKey, claimDue, forgetRequests } from "./queries.ts";

interface WorkerDeps {
  db: Db;
  clock: Clock;
  advanceAll: (keys: readonly ClosingKey[]) => Promise<unknown>;
}

const everyMs = 1_000;
const mostAtOnce = 500;
/** Another server looks after so long, if this one dies with what it has claimed. */
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
const forgetBatch = 5_000;

/** Deletes the idempotency keys of requests for closings after 48 hours. */
export function closingKeyWorker({ db, clock }: Pick<WorkerDeps, "db" | "clock">): Worker {
  return every("closings.forget_keys", forgetEveryMs, async () => {
    const before = new Date(clock.now().getTime() - limits.idempotencyKeyHours * hourMs);
    return (await forgetRequests(db.sql, before, forgetBatch)) === forgetBatch;
  });
}
