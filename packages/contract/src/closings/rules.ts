import { attempts } from "./attempts.ts";
import type { DayFacts, TerminalFacts } from "./facts.ts";
import type { Rule, Standing } from "./standing.ts";
import { standings } from "./standings.ts";
import type { ClosingState, ClosingTerminalState } from "./states.ts";
import { viewOf } from "./view.ts";

/**
 * What counts as closed, as a table (D31): the first row that applies says where a terminal stands in a closing. Everything
 * follows from facts; nothing of a standing is stored. So a late result, a close at the terminal or a restored database
 * correct a closing by themselves.
 */
export const closingRules: readonly Rule[] = [...standings, ...attempts];

/** Where a terminal stands in a closing. */
export function standingOf(facts: TerminalFacts, day: DayFacts): Standing {
  const view = viewOf(facts, day);
  const row = closingRules.find(({ applies }) => applies(view)) as Rule;
  return { rule: row.rule, ...row.stands(view) };
}

/** The state of a closing, from those of its terminals. */
export function closingStateOf(states: readonly ClosingTerminalState[]): ClosingState {
  if (states.includes("waiting")) return "running";
  if (states.includes("failed")) return "partly_closed";
  if (states.includes("unknown")) return "unknown";
  return states.every((state) => state === "not_needed") ? "nothing_to_close" : "closed";
}
