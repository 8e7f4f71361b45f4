import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { pause } from "../platform/pause.ts";
import { hourMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { type ExpiryDeps, expireDue, expireFarAway } from "./expiry.ts";
import type { Reports } from "./reports/reports.ts";
import { forgetKeys } from "./sql/forget-keys.ts";

const expireEveryMs = 200;
const expireBatch = 1_000;
const roundsPerImpossible = 5;
const flushPatienceMs = 100;
const forgetEveryMs = 10 * minuteMs;
const forgetBatch = 5_000;

/**
 * Ends overdue operations as TIMEOUT, well within a second of the deadline (D16). Deadlines are rows, so a restart
 * loses none: its first round ends all that have passed.
 */
export function expiryWorker(deps: ExpiryDeps & { db: Db; reports: Reports }): Worker {
  const { db, clock, reports } = deps;
  let rounds = 0;
  let flushing: Promise<void> | undefined;
  const expire = async (signal: AbortSignal) => {
    // The end of an operation shows how far it came, so the notes of this server are written first. Their writing
    // may have to wait for locks; the deadlines do not wait for it.
    flushing ??= reports
      .flush()
      .catch(() => undefined)
      .finally(() => {
        flushing = undefined;
      });
    await Promise.race([flushing, pause(flushPatienceMs, signal)]);
    const ended = await expireDue(deps, db.urgent, clock.now(), expireBatch);
    if (rounds % roundsPerImpossible === 0) await expireFarAway(deps, db.urgent, clock.now(), expireBatch);
    rounds += 1;
    return ended === expireBatch;
  };
  // After an outage of the database, too, no TIMEOUT is more than a second late.
  return every("operations.expire", expireEveryMs, expire, { backWithinMs: expireEveryMs });
}

/** Deletes idempotency keys after 48 hours (D15). */
export function idempotencyWorker({ db, clock }: { db: Db; clock: Clock }): Worker {
  return every("operations.forget_keys", forgetEveryMs, async () => {
    const before = new Date(clock.now().getTime() - limits.idempotencyKeyHours * hourMs);
    return (await forgetKeys(db.sql, before, forgetBatch)) === forgetBatch;
  });
}
