import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { pause, type Worker } from "../platform/worker.ts";
import { forgetKeys } from "./queries.ts";
import { expireOperations } from "./sql/expire.ts";

const expireEveryMs = 200;
const expireBatch = 1_000;
const forgetEveryMs = 10 * 60_000;

/**
 * Makes TIMEOUT visible well within a second of the deadline (D16). Deadlines are rows, so a restart loses none: the
 * first round after it ends whatever passed meanwhile.
 */
export function expiryWorker({ db, clock }: { db: Db; clock: Clock }): Worker {
  return {
    name: "operations.expire",
    async run(signal) {
      while (!signal.aborted) {
        const ended = await expireOperations(db.pool, clock.now(), expireBatch);
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
        await forgetKeys(db.sql, new Date(clock.now().getTime() - limits.idempotencyKeyHours * 3_600_000));
        await pause(forgetEveryMs, signal);
      }
    },
  };
}
