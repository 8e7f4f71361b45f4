import { checkAcceptance } from "./acceptance.ts";
import { checkAnswers } from "./answers.ts";
import { checkCloses } from "./closes.ts";
import { checkExecutions } from "./executions.ts";
import type { History, Violation } from "./history.ts";
import { indexed } from "./index.ts";
import { checkTiming } from "./timing.ts";

/**
 * Holds a whole run against what Tillkeeper promises; see docs/reliability.md. An empty list is the proof that, in this
 * run, every promise was kept.
 */
export function check(history: History): Violation[] {
  const index = indexed(history);
  return [
    ...checkAcceptance(index),
    ...checkExecutions(index),
    ...checkCloses(index),
    ...checkTiming(index),
    ...checkAnswers(index),
  ];
}
