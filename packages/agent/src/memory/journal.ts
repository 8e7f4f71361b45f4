import { type Change, emptyLog, type LogView, ResultLog } from "./result-log.ts";

/** The agent's memory. One agent has one journal, and only that agent writes it. */
export interface Journal<State = undefined> {
  /** The device address that the journal belongs to; may be absent for a journal that is lost with the process. */
  readonly address?: string | undefined;
  /** The terminal's state, as it was stored with the last result. */
  readonly state: State;
  /** The results and begun operations that are stored; never ahead of the disk. */
  readonly log: LogView;
  /** The number of the last result that the server holds, by its last message; 0 as long as there was none. */
  readonly held: number;
  /**
   * Calls `decide` after all earlier writes and stores the change that it returns; nothing comes between decision and
   * write. Resolves with the change when it outlives a power cut. When `decide` returns undefined nothing is written; a
   * change without content writes the present state again. Rejects when the change cannot be stored, or `decide`
   * throws.
   */
  write(decide: (log: LogView) => Change<State> | undefined): Promise<Change<State> | undefined>;
  /**
   * Called when the server says how far it holds the log; the number may go back. The next write may drop old results
   * up to it. Never throws.
   */
  hold(number: number): void;
  /**
   * Called at start, and while writing fails, to find out whether an operation could be begun. Rejects when its entry
   * could not be stored. Absent for a journal that is always writable.
   */
  probe?(): Promise<void>;
  /**
   * Called when the same device gets another address, under which the server is sent all results anew. Resolves when
   * the change outlives a power cut; rejects when it cannot be stored.
   */
  move(address: string): Promise<void>;
  /** Resolves when no write is under way. Never rejects. */
  idle(): Promise<void>;
}

/** Makes a journal that is lost with the process: for load tests and for tests of the agent, never for a device. */
export function memoryJournal<State = undefined>(state: State, address?: string, first = emptyLog): Journal<State> {
  let log = new ResultLog(first);
  let current = state;
  let owner = address;
  let held = 0;
  return {
    get address() {
      return owner;
    },
    get state() {
      return current;
    },
    get log() {
      return log;
    },
    get held() {
      return held;
    },
    write: async (decide) => {
      const change = decide(log);
      if (!change) return undefined;
      log.apply(change, held);
      if (change.state !== undefined) current = change.state;
      return change;
    },
    hold: (number) => {
      held = number;
    },
    move: async (next) => {
      if (owner === undefined || owner === next) return;
      owner = next;
      log = log.renumbered();
      held = 0;
    },
    idle: () => Promise.resolve(),
  };
}
