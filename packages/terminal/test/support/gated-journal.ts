import { type Journal, type JournalEntry, memoryJournal } from "../../src/journal.ts";

/** A journal in memory whose writes of some phases take until they are let through, and then are there at once. */
export function gatedJournal(...held: JournalEntry["phase"][]) {
  const memory = memoryJournal(undefined);
  const waiting: (() => void)[] = [];
  /** Phases in the order in which they were written. */
  const written: JournalEntry["phase"][] = [];
  const journal: Journal = {
    ...memory,
    state: undefined,
    write: async (entry) => {
      if (held.includes(entry.phase)) await new Promise<void>((resolve) => waiting.push(resolve));
      written.push(entry.phase);
      await memory.write(entry);
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
