import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileJournalOptions } from "@tillkeeper/agent/memory/file-journal";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { Change } from "@tillkeeper/agent/memory/result-log";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { newTerminalState, TerminalState } from "../virtual/state.ts";

const Count = Type.Integer({ minimum: 0 });

/** The payments of a simulated terminal since its last close. Amounts in minor units. */
export const OpenBatch = Type.Object({
  purchases_count: Count,
  /** The amount charged to cards, tips included. */
  purchases_amount: Count,
  reversals_count: Count,
  reversals_amount: Count,
  tip_amount: Count,
  /** The time of the first payment; absent without payments. */
  oldest_at: Type.Optional(Type.String({ format: "date-time" })),
});
export type OpenBatch = Static<typeof OpenBatch>;

/**
 * The state of a simulated terminal. Payments change `open_batch` in place, and the next write of the journal stores
 * it.
 */
const SimulatedState = Type.Object({ ...TerminalState.properties, open_batch: OpenBatch });
export type SimulatedState = Static<typeof SimulatedState>;
const check = Compile(SimulatedState);

/** Returns a batch without payments. */
export function emptyBatch(): OpenBatch {
  return { purchases_count: 0, purchases_amount: 0, reversals_count: 0, reversals_amount: 0, tip_amount: 0 };
}

/** Returns the options for the journal file of a simulated terminal. */
export function simulatedFile(folder: string, terminalId: string, nowMs: number): FileJournalOptions<SimulatedState> {
  return {
    path: join(folder, `${terminalId}.json`),
    readState: (stored) => check.Parse(stored),
    initial: () => newSimulatedState(nowMs),
    replace: replaceUnsynced,
  };
}

/** Returns the state of a new simulated terminal. */
export function newSimulatedState(nowMs: number): SimulatedState {
  return { ...newTerminalState(nowMs), open_batch: emptyBatch() };
}

/**
 * Replaces a file without fsync: simulated power cuts do not affect the machine's disk, and thousands of terminals
 * share it.
 */
async function replaceUnsynced(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

/**
 * Wraps a journal: calls `wrote` after each write, and `unreceipted` with the number of results that the server lacks,
 * after each write and each `hold`.
 */
export function observedJournal<State>(
  journal: Journal<State>,
  watcher: { wrote: (change: Change<State>) => void; unreceipted: (count: number) => void },
): Journal<State> {
  const count = () => watcher.unreceipted(journal.log.countAfter(journal.held));
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
        // Called for a failed write, too.
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
