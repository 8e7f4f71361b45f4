import { type Static, Type } from "typebox";
import { ReportedResult } from "./outcome.ts";

/** What the agent remembers about one operation. `started` is written before it is begun. */
export const JournalEntry = Type.Object({
  operation_id: Type.String(),
  operation: Type.String(),
  parameters: Type.Record(Type.String(), Type.Unknown()),
  created_at: Type.String(),
  expires_at: Type.String(),
  phase: Type.Enum(["started", "answered", "receipted"]),
  /** Absent for what was answered without having been begun. */
  started_at: Type.Optional(Type.String()),
  result: Type.Optional(ReportedResult),
});
export type JournalEntry = Static<typeof JournalEntry>;

/** The agent's memory. One agent has one journal; nobody else writes it. */
export interface Journal<State = undefined> {
  /** The device whose memory it is; absent of one that is lost with the process. */
  readonly address?: string | undefined;
  /** What was stored with the last answer. */
  readonly state: State;
  get(operationId: string): JournalEntry | undefined;
  entries(): JournalEntry[];
  /** Stores the entry and, if given, the state, both or neither. When it resolves, both outlive a power cut. */
  write(entry: JournalEntry, state?: State): Promise<void>;
  /** Drops entries with the next write. */
  forget(operationIds: string[]): void;
  /** Makes sure that what was forgotten stays forgotten: writes, without adding anything. */
  save(): Promise<void>;
  /** Rejects when nothing could be begun, because that could not be stored. Absent where that cannot be. */
  probe?(): Promise<void>;
  /** Notes that the same device has another address. When it resolves, that outlives a power cut. */
  move(address: string): Promise<void>;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
}

const keptAfterExpiryMs = 60 * 60 * 1000;

/**
 * Ids that need not be remembered any longer: receipted and expired for an hour, so that a stray copy of the command is
 * refused for its `expires_at` alone. `serverNow` in epoch milliseconds.
 */
export function forgettable(entries: JournalEntry[], serverNow: number): string[] {
  return entries
    .filter((entry) => entry.phase === "receipted" && Date.parse(entry.expires_at) + keptAfterExpiryMs < serverNow)
    .map((entry) => entry.operation_id);
}

/** A journal that is lost with the process: for load tests and for tests of the agent, never for a device. */
export function memoryJournal<State = undefined>(state: State, address?: string): Journal<State> {
  const entries = new Map<string, JournalEntry>();
  let current = state;
  let owner = address;
  return {
    get address() {
      return owner;
    },
    get state() {
      return current;
    },
    get: (operationId) => entries.get(operationId),
    entries: () => [...entries.values()],
    write: (entry, next) => {
      entries.set(entry.operation_id, entry);
      if (next !== undefined) current = next;
      return Promise.resolve();
    },
    forget: (operationIds) => {
      for (const id of operationIds) entries.delete(id);
    },
    save: () => Promise.resolve(),
    move: (next) => {
      if (owner !== undefined) owner = next;
      return Promise.resolve();
    },
    idle: () => Promise.resolve(),
  };
}
