import { type Journal, memoryJournal } from "../../src/memory/journal.ts";
import type { Change } from "../../src/memory/result-log.ts";

export type Phase = "started" | "answered" | "taken_back" | "other";

/** The phase that a write records. */
function phaseOf(change: Change): Phase {
  if (change.begun) return "started";
  if (change.results?.length) return "answered";
  return change.takenBack === undefined ? "other" : "taken_back";
}

/** A journal in memory that holds the writes of some phases back until the test releases them. */
export function gatedJournal(...held: Phase[]) {
  const memory = memoryJournal(undefined);
  const waiting: (() => void)[] = [];
  /** The phases in the order of writing. */
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
    /** The number of writes that are held back. */
    get heldBack() {
      return waiting.length;
    },
    letThrough: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}
