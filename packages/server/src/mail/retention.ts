import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { dayMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { deleteBefore } from "./outgoing.ts";

const everyMs = 10 * minuteMs;
const batch = 2_000;
/** How long links that end mails work: also those in old mails. */
const keptMs = 400 * dayMs;

/** Forgets old messages. That a reader has ended the mails is kept. */
export function mailRetentionWorker({ db, clock }: { db: Db; clock: Pick<Clock, "now"> }): Worker {
  return every("mail.forget", everyMs, () => deleteBefore(db.sql, new Date(clock.now().getTime() - keptMs), batch));
}
