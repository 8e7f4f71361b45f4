import { claimLooks, noteNextLook, type ReportLook } from "../closings/report-looks.ts";
import { hourMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { bringUpToDate, correctedForMs, type Looked, type ReportDeps } from "./make.ts";

const everyMs = 5_000;
const mostAtOnce = 100;
/** Another server looks after so long, if this one dies with what it has claimed. */
const againMs = 2 * minuteMs;
/** While terminals are still being closed. */
const soonMs = 30_000;
const [shortest, longest] = [minuteMs, 6 * hourMs];

/** Makes the reports of days that are over, and their corrections, soon at first and rarer later. */
export function reportWorker(deps: ReportDeps): Worker {
  return every("reports", everyMs, async (signal) => {
    const now = deps.clock.now();
    const due = await claimLooks(deps.db.sql, { now, again: new Date(now.getTime() + againMs), limit: mostAtOnce });
    const failures: unknown[] = [];
    for (const look of due) {
      if (signal.aborted) return false;
      // One that fails must not keep the others waiting; it is claimed again later.
      await lookAt(deps, look).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    return due.length >= mostAtOnce;
  });
}

async function lookAt(deps: ReportDeps, look: ReportLook): Promise<void> {
  const looked = await bringUpToDate(deps, look);
  await noteNextLook(deps.db.sql, look, nextLook(looked, deps.clock.now()));
}

/** A tenth of the age of the day later: what changes a day comes soon after it, or not at all. */
function nextLook({ dayEndsAt, open }: Looked, now: Date): Date | null {
  if (!dayEndsAt) return null;
  const age = now.getTime() - dayEndsAt.getTime();
  if (open) return new Date(now.getTime() + soonMs);
  if (age > correctedForMs) return null;
  return new Date(now.getTime() + Math.min(Math.max(age / 10, shortest), longest));
}
