import type { Case, Finding } from "./case.ts";
import type { History } from "./history.ts";
import { closedTwice, closedUnasked, closedWithoutNeed, wrongStore } from "./laws/closes.ts";
import { missedDays, oneEvent } from "./laws/missed.ts";
import { reportsTellTheTruth } from "./laws/reports.ts";
import { storeDays } from "./store-days.ts";
import { Truth } from "./terminal-truth.ts";

/** Figures of a check, which say how much of a run it could judge. */
export interface Judged {
  findings: Finding[];
  days: number;
  daysWithoutClose: number;
  closes: number;
  missed: number;
  /** Terminals and days that had to be closed, and in how many the plan left no way to. */
  due: number;
  prevented: number;
}

/** Checks a run against the laws of the autopilot. It knows nothing of the server but what the run's history says. */
export function check(history: History): Judged {
  const truth = new Truth(history);
  const days = history.stores.flatMap((_, store) => storeDays(history, store));
  const given: Case = { history, truth, days };
  const missed = missedDays(given);
  return {
    findings: [
      ...closedTwice(given),
      ...closedUnasked(given),
      ...closedWithoutNeed(given),
      ...wrongStore(given),
      ...missed.findings,
      ...oneEvent(given),
      ...reportsTellTheTruth(given),
    ],
    days: days.length,
    daysWithoutClose: days.filter(({ expected }) => expected === "none").length,
    closes: truth.allClosed().length,
    missed: history.missed.length,
    due: missed.due,
    prevented: missed.prevented,
  };
}
