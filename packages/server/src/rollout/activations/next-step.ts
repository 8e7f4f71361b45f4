import type { ActivationRow, Facts } from "./queries.ts";

/** How often a device is asked, and how many times at most. */
export interface ActivationPace {
  everyMs: number;
  tries: number;
}

export const defaultPace: ActivationPace = { everyMs: 30_000, tries: 20 };

/** While a question is under way its answer is looked for this often. */
const lookEveryMs = 1_000;

export type Step =
  | { kind: "succeed" }
  | { kind: "exhaust" }
  | { kind: "wait"; look_at: Date }
  | { kind: "ask"; attempt: number; look_at: Date; ask_at: Date };

/** What to do with a RUNNING activation whose turn it is. */
export function nextStep(task: ActivationRow, facts: Facts, pace: ActivationPace, now: Date): Step {
  const later = (ms: number) => new Date(now.getTime() + ms);
  if (facts.status === "DELETED") return { kind: "exhaust" };
  if (facts.answered) return { kind: "succeed" };
  if (facts.asked) return { kind: "wait", look_at: later(lookEveryMs) };
  if (now < task.ask_at) return { kind: "wait", look_at: task.ask_at };
  if (task.attempt >= pace.tries) return { kind: "exhaust" };
  const ask_at = later(pace.everyMs);
  // While no device has connected there is nobody to answer before the next try.
  const look_at = facts.status === "PENDING" ? ask_at : later(Math.min(lookEveryMs, pace.everyMs));
  return { kind: "ask", attempt: task.attempt + 1, look_at, ask_at };
}
