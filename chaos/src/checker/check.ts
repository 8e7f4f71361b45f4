import { checkAcceptance } from "./acceptance.ts";
import { checkAnswers } from "./answers.ts";
import { checkCloses } from "./closes.ts";
import { checkEvents } from "./events.ts";
import { checkExecutions } from "./executions.ts";
import type { History, Violation } from "./history.ts";
import { indexed } from "./index.ts";
import { checkTiming } from "./timing.ts";

/**
 * Checks a whole run against Tillkeeper's promises; see docs/reliability.md. An empty list means that every promise was
 * kept in this run.
 */
export function check(history: History): Violation[] {
  const index = indexed(history);
  return [
    ...checkAcceptance(index),
    ...checkExecutions(index),
    ...checkCloses(index),
    ...checkTiming(index),
    ...checkEvents(index),
    ...checkAnswers(index),
  ];
}
