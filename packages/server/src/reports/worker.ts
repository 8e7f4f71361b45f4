import { claimLooks, noteLookedAt, type ReportLook } from "../closings/reading/report-looks.ts";
import { minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { bringUpToDate, type ReportDeps } from "./make.ts";

const everyMs = 5_000;
const mostAtOnce = 100;
/** The lease of a claim: after it another server takes over, in case this one has died. */
const againMs = 2 * minuteMs;

/**
 * Makes the reports of days that are over, and their corrections. A closing is looked at when its day is over, and once more
 * whenever it has changed after that, for example when its last terminal has ended.
 */
export function reportWorker(deps: ReportDeps): Worker {
  return every("reports", everyMs, async (signal) => {
    const now = deps.clock.now();
    const again = new Date(now.getTime() + againMs);
    const due = await claimLooks(deps.db.sql, { now, again, limit: mostAtOnce });
    const failures: unknown[] = [];
    const done: ReportLook[] = [];
    for (const look of due) {
      if (signal.aborted) break;
      // One that fails must not keep the others waiting; it is claimed again later.
      await bringUpToDate(deps, look).then(
        () => done.push(look),
        (error: unknown) => failures.push(error),
      );
    }
    await noteLookedAt(deps.db.sql, done, { again });
    if (failures.length > 0) throw failures[0];
    return due.length >= mostAtOnce && !signal.aborted;
  });
}
