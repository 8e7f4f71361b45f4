import { checkSync } from "recheck";
import { vi } from "vitest";
import type { Pattern } from "./patterns.ts";

// Runs the checker's JavaScript in this process, instead of its native program.
vi.stubEnv("RECHECK_BACKEND", "pure");

/** Limits of work end the checker, never limits of time: on a slow machine they would change the result. */
const unhurried = { timeout: null, attackTimeout: null, incubationTimeout: null, seedingTimeout: null };

/** What the checker says of each pattern: many stand in several places. */
const judged = new Map<string, string | undefined>();

/** The fault of a pattern whose work grows faster than its text. A pattern that cannot be judged is a fault, too. */
export function faultOf({ where, source, flags }: Pattern): string | undefined {
  // Without the flags that decide where to search, not what.
  const searched = flags.replace(/[dgy]/g, "");
  const key = `/${source}/${searched}`;
  if (!judged.has(key)) judged.set(key, judge(source, searched));
  const fault = judged.get(key);
  return fault && `${where}: /${source}/${flags} ${fault}`;
}

function judge(source: string, flags: string): string | undefined {
  const result = checkSync(source, flags, { ...unhurried, randomSeed: 1 });
  if (result.status === "safe") return undefined;
  return result.status === "vulnerable" ? result.complexity.summary : "cannot be judged";
}
