import { type Change, emptyLog, type LogView, ResultLog } from "./result-log.ts";

/** The agent's memory. One agent has one journal; nobody else writes it. */
export interface Journal<State = undefined> {
  /** The device whose memory it is; absent of one that is lost with the process. */
  readonly address?: string | undefined;
  /** What was stored with the last answer. */
  readonly state: State;
  /** What is written: never ahead of the disk. */
  readonly log: LogView;
  /** How far the server is with the log, by its last word; 0 as long as there was none. */
  readonly held: number;
  /**
   * Stores what `decide` makes of the log as it is when all writes before are done: nothing comes between the decision and the
   * write. Resolves with it when it outlives a power cut. Nothing is written where it decides for nothing, and a change
   * without content writes the state as it is.
   */
  write(decide: (log: LogView) => Change<State> | undefined): Promise<Change<State> | undefined>;
  /** The server's word how far it is, also backwards: what is old may be dropped up to there, with the next write. */
  hold(number: number): void;
  /** Rejects when nothing could be begun, because that could not be stored. Absent where that cannot be. */
  probe?(): Promise<void>;
  /** Notes that the same device has another address, where everything is told anew. When it resolves, that outlives a power cut. */
  move(address: string): Promise<void>;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
}

/** A journal that is lost with the process: for load tests and for tests of the agent, never for a device. */
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
