import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { openFileJournal } from "../file-journal.ts";
import { type Journal, type JournalEntry, memoryJournal } from "../journal.ts";
import { newTerminalState, TerminalState } from "../terminal-state.ts";

const Count = Type.Integer({ minimum: 0 });

/** What a simulated terminal has taken since its last close. Sums in minor units. */
export const OpenBatch = Type.Object({
  purchases_count: Count,
  /** What cards were charged, tips included. */
  purchases_amount: Count,
  reversals_count: Count,
  reversals_amount: Count,
  tip_amount: Count,
  /** Of the first payment; absent while there is none. */
  oldest_at: Type.Optional(Type.String({ format: "date-time" })),
});
export type OpenBatch = Static<typeof OpenBatch>;

/** The batch is added to in place, and is on disk with the next write of the journal; a close puts another in its place. */
const SimulatedState = Type.Object({ ...TerminalState.properties, open_batch: OpenBatch });
export type SimulatedState = Static<typeof SimulatedState>;
const check = Compile(SimulatedState);

export function emptyBatch(): OpenBatch {
  return { purchases_count: 0, purchases_amount: 0, reversals_count: 0, reversals_amount: 0, tip_amount: 0 };
}

/** In a file of the folder, or in memory only. Rejects for a damaged file. */
export async function openSimulatedJournal(
  folder: string | undefined,
  terminalId: string,
  nowMs: number,
): Promise<Journal<SimulatedState>> {
  const initial = () => ({ ...newTerminalState(nowMs), open_batch: emptyBatch() });
  if (folder === undefined) return memoryJournal(initial());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${terminalId}.json`);
  return openFileJournal({ path, readState: (stored) => check.Parse(stored), initial, replace: replaceUnsynced });
}

/** The power cuts of a simulation leave the machine's own disk alone, and thousands of terminals share it. */
async function replaceUnsynced(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

/** The same journal, and somebody who is told of each entry when it is written, or could not be. */
export function watchedJournal<State>(journal: Journal<State>, wrote: (entry: JournalEntry) => void): Journal<State> {
  return {
    get state() {
      return journal.state;
    },
    get: (operationId) => journal.get(operationId),
    entries: () => journal.entries(),
    write: async (entry, state) => {
      try {
        await journal.write(entry, state);
      } finally {
        wrote(entry);
      }
    },
    forget: (operationIds) => journal.forget(operationIds),
    save: () => journal.save(),
    idle: () => journal.idle(),
  };
}
