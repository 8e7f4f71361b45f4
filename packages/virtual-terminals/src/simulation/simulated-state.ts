import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileJournalOptions } from "@tillkeeper/agent/memory/file-journal";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { Change } from "@tillkeeper/agent/memory/result-log";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { newTerminalState, TerminalState } from "../virtual/state.ts";

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

/** The file in which a simulated terminal keeps its journal. */
export function simulatedFile(folder: string, terminalId: string, nowMs: number): FileJournalOptions<SimulatedState> {
  return {
    path: join(folder, `${terminalId}.json`),
    readState: (stored) => check.Parse(stored),
    initial: () => newSimulatedState(nowMs),
    replace: replaceUnsynced,
  };
}

/** What a simulated terminal begins with. */
export function newSimulatedState(nowMs: number): SimulatedState {
  return { ...newTerminalState(nowMs), open_batch: emptyBatch() };
}

/** The power cuts of a simulation leave the machine's own disk alone, and thousands of terminals share it. */
async function replaceUnsynced(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

/** The same journal, and somebody who is told of each write, and how many results the server lacks then and after its word. */
export function watchedJournal<State>(
  journal: Journal<State>,
  watcher: { wrote: (change: Change<State>) => void; untold: (count: number) => void },
): Journal<State> {
  const count = () => watcher.untold(journal.log.countAfter(journal.held));
  return {
    get address() {
      return journal.address;
    },
    get state() {
      return journal.state;
    },
    get log() {
      return journal.log;
    },
    get held() {
      return journal.held;
    },
    write: async (decide) => {
      let decided: Change<State> | undefined;
      try {
        return await journal.write((log) => {
          decided = decide(log);
          return decided;
        });
      } finally {
        // Also when it could not be stored.
        if (decided) watcher.wrote(decided);
        count();
      }
    },
    hold: (number) => {
      journal.hold(number);
      count();
    },
    move: (address) => journal.move(address),
    idle: () => journal.idle(),
  };
}
