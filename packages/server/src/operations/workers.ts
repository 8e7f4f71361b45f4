import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { pause, type Worker } from "../platform/worker.ts";
import type { Reports } from "./reports.ts";
import { expireImpossible, expireOperations } from "./sql/expire.ts";
import { forgetKeys } from "./sql/forget-keys.ts";

const expireEveryMs = 200;
const expireBatch = 1_000;
const roundsPerImpossible = 5;
const flushPatienceMs = 100;
const forgetEveryMs = 10 * 60_000;
const forgetBatch = 5_000;

/**
 * Makes TIMEOUT visible well within a second of the deadline (D16). Deadlines are rows, so a restart loses none: the
 * first round after it ends whatever passed meanwhile.
 */
export function expiryWorker({ db, clock, reports }: { db: Db; clock: Clock; reports: Reports }): Worker {
  return {
    name: "operations.expire",
    // After an outage of the database, too, nothing is TIMEOUT by more than a second late.
    backWithinMs: expireEveryMs,
    async run(signal) {
      let rounds = 0;
      let flushing: Promise<void> | undefined;
      while (!signal.aborted) {
        // How far an operation came is told together with its end: what this server knows of that is written first.
        // It may have to wait; the deadlines do not wait for it.
        flushing ??= reports
          .flush()
          .catch(() => undefined)
          .finally(() => {
            flushing = undefined;
          });
        await Promise.race([flushing, pause(flushPatienceMs, signal)]);
        const ended = await expireOperations(db.urgent, clock.now(), expireBatch);
        if (rounds % roundsPerImpossible === 0) await expireImpossible(db.urgent, clock.now(), expireBatch);
        rounds += 1;
        if (ended < expireBatch) await pause(expireEveryMs, signal);
      }
    },
  };
}

/** Lets go of idempotency keys after 48 hours (D15). */
export function idempotencyWorker({ db, clock }: { db: Db; clock: Clock }): Worker {
  return {
    name: "operations.forget_keys",
    async run(signal) {
      while (!signal.aborted) {
        const before = new Date(clock.now().getTime() - limits.idempotencyKeyHours * 3_600_000);
        const forgotten = await forgetKeys(db.sql, before, forgetBatch);
        if (forgotten < forgetBatch) await pause(forgetEveryMs, signal);
      }
    },
  };
}
