import { type Journal, memoryJournal } from "../../src/memory/journal.ts";
import type { Change } from "../../src/memory/result-log.ts";

export type Phase = "started" | "answered" | "taken_back" | "other";

/** What a write is about. */
function phaseOf(change: Change): Phase {
  if (change.begun) return "started";
  if (change.results?.length) return "answered";
  return change.takenBack === undefined ? "other" : "taken_back";
}

/** A journal in memory whose writes of some phases take until they are let through, and then are there at once. */
export function gatedJournal(...held: Phase[]) {
  const memory = memoryJournal(undefined);
  const waiting: (() => void)[] = [];
  /** Phases in the order in which they were written. */
  const written: Phase[] = [];
  const journal: Journal = {
    ...memory,
    state: undefined,
    write: async (decide) => {
      const change = decide(memory.log);
      if (!change) return undefined;
      const phase = phaseOf(change);
      if (held.includes(phase)) await new Promise<void>((resolve) => waiting.push(resolve));
      written.push(phase);
      return memory.write(decide);
    },
  };
  return {
    journal,
    written,
    /** How many writes are held back. */
    get heldBack() {
      return waiting.length;
    },
    letThrough: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}
