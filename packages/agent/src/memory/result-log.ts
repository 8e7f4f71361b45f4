import { limits } from "@tillkeeper/contract/limits";
import { type Memory, mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { Origin } from "@tillkeeper/contract/mqtt/parts";
import { type Static, Type } from "typebox";
import { ReportedResult } from "../operations/outcome.ts";

/** An operation that was begun and has no result yet. The entry is written before the handler is called. */
export const Begun = Type.Object({
  operation_id: Type.String(),
  operation: Type.String(),
  parameters: Type.Record(Type.String(), Type.Unknown()),
  created_at: Type.String(),
  expires_at: Type.String(),
  started_at: Type.String(),
  origin: Type.Optional(Origin),
});
export type Begun = Static<typeof Begun>;

/** A result with its number in the log, as it is sent. */
export const LogEntry = Type.Object({ ...ReportedResult.properties, number: Type.Integer({ minimum: 1 }) });
export type LogEntry = Static<typeof LogEntry>;

/** A log in the form in which it is stored. */
export const StoredLog = Type.Object({
  results: Type.Array(LogEntry),
  begun: Type.Array(Begun),
  /** The id of the batch that was closed last, by the results and the terminal's answers about them. */
  batch: Type.Optional(Type.String()),
  /**
   * The number of writes that began or answered an operation. A higher number in the write counter means an old copy.
   */
  writes: Type.Integer({ minimum: 0 }),
});
export type StoredLog = Static<typeof StoredLog>;

/** The changes of one write, which are stored all or none. */
export interface Change<State = unknown> {
  /** New results, numbered in this order. The result of a begun operation replaces its begun entry. */
  results?: ReportedResult[];
  /** The entry of an operation that begins. */
  begun?: Begun;
  /** The id of an operation whose begun entry is removed: it did not begin after all. */
  takenBack?: string;
  /** The id of the batch that the terminal names as closed last, where the results do not say it. */
  batch?: string;
  state?: State;
}

export const emptyLog: StoredLog = { results: [], begun: [], writes: 0 };

const dayMs = 86_400_000;
const keptMs = limits.journalDaysKept * dayMs;

/** The log of one device address: its results, numbered from 1 in the order of writing, and its begun operations. */
export class ResultLog {
  #entries: LogEntry[];
  readonly #byId: Map<string, LogEntry>;
  readonly #begun: Map<string, Begun>;
  #batch: string | undefined;
  #writes: number;

  constructor({ results, begun, batch, writes }: StoredLog = emptyLog) {
    this.#entries = [...results];
    this.#byId = new Map(results.map((entry) => [entry.operation_id, entry]));
    this.#begun = new Map(begun.map((entry) => [entry.operation_id, entry]));
    this.#batch = batch;
    this.#writes = writes;
  }

  /** The kept results in the order of their numbers, which may have gaps. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  get begun(): Begun[] {
    return [...this.#begun.values()];
  }

  /** The number of the last result; 0 when there is none. */
  get last(): number {
    return this.#entries.at(-1)?.number ?? 0;
  }

  get batch(): string | undefined {
    return this.#batch;
  }

  get writes(): number {
    return this.#writes;
  }

  /** The entry of a close that is begun and has no result yet. */
  get closing(): Begun | undefined {
    return this.begun.find(({ operation }) => operation === "end_of_day");
  }

  /** The operation id of the last close. A begun close counts, because its end is unknown. */
  get lastClose(): string | undefined {
    return this.closing?.operation_id ?? this.#entries.findLast(isClose)?.operation_id;
  }

  find(operationId: string): LogEntry | undefined {
    return this.#byId.get(operationId);
  }

  findBegun(operationId: string): Begun | undefined {
    return this.#begun.get(operationId);
  }

  /** Returns the result of a close by its request (the hash in `origin`); undefined when there is none. */
  ofRequest(request: string | undefined): LogEntry | undefined {
    if (request === undefined) return undefined;
    return this.#entries.find(({ operation, origin }) => operation === "end_of_day" && origin?.request === request);
  }

  /**
   * Returns the results after `number`, at most `most`, as they are sent. After a gap, where results are no longer
   * kept, `after` of a result names the number before the gap.
   */
  after(number: number, most: number): LogEntry[] {
    const from = this.#indexAfter(number);
    return this.#entries.slice(from, from + Math.max(0, most)).map((entry, index) => {
      const after = this.#entries[from + index - 1]?.number ?? 0;
      return after === entry.number - 1 ? entry : { ...entry, after };
    });
  }

  /** Returns how many results come after `number`. */
  countAfter(number: number): number {
    return this.#entries.length - this.#indexAfter(number);
  }

  /** Whether the server's memory does not fit this log: then this log is an old copy. */
  contradicts({ number, id }: Memory): boolean {
    if (number > this.last) return true;
    const entry = this.#entries[this.#indexAfter(number - 1)];
    return entry?.number === number && id !== undefined && entry.operation_id !== id;
  }

  /** Applies a change. `held` is the last number that the server holds: old results may be dropped up to it. */
  apply({ results = [], begun, takenBack, batch }: Change, held: number): void {
    if (results.length > 0 || begun) this.#writes += 1;
    for (const result of results) this.#add(result);
    if (batch !== undefined) this.#batch = batch;
    if (begun) this.#begun.set(begun.operation_id, begun);
    if (takenBack !== undefined) this.#begun.delete(takenBack);
    this.#dropOld(held);
  }

  /** Returns a copy for another address, with its results numbered from 1. */
  renumbered(): ResultLog {
    const results = this.#entries.map((entry, index) => ({ ...entry, number: index + 1 }));
    return new ResultLog({ ...this.stored(), results });
  }

  /** Returns the log in the form in which it is stored. */
  stored(): StoredLog {
    return {
      results: this.#entries,
      begun: this.begun,
      ...(this.#batch !== undefined && { batch: this.#batch }),
      writes: this.#writes,
    };
  }

  #add(result: ReportedResult): void {
    const entry: LogEntry = { ...result, number: this.last + 1 };
    this.#begun.delete(entry.operation_id);
    this.#entries.push(entry);
    this.#byId.set(entry.operation_id, entry);
    if (isClose(entry) && entry.status === "COMPLETED") {
      this.#batch = (entry.result as { batch_id: string }).batch_id;
    }
  }

  /**
   * Drops results that the server holds, beyond the last `journalEntriesKept` closes and others and the last days. Days
   * count back from the last result, because the clock may be wrong.
   */
  #dropOld(held: number): void {
    const [first, last] = [this.#entries[0], this.#entries.at(-1)];
    if (!first || !last || this.#entries.length <= limits.journalEntriesKept) return;
    const since = Date.parse(last.finished_at) - keptMs;
    if (first.number > held || Date.parse(first.finished_at) >= since) return;
    const seen = { closes: 0, others: 0 };
    const kept = this.#entries.toReversed().filter((entry) => {
      seen[isClose(entry) ? "closes" : "others"] += 1;
      const count = isClose(entry) ? seen.closes : seen.others;
      const isRecent = count <= limits.journalEntriesKept || Date.parse(entry.finished_at) >= since;
      if (!isRecent && entry.number <= held) this.#byId.delete(entry.operation_id);
      return isRecent || entry.number > held;
    });
    this.#entries = kept.toReversed();
  }

  /** Returns the index of the first entry with a higher number. */
  #indexAfter(number: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as LogEntry).number > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** A log for reading only. */
export type LogView = Omit<ResultLog, "apply" | "renumbered">;

/** Whether a result may have closed a batch, so that the next close has to know of it. */
export function isClose(result: ReportedResult): boolean {
  return mayHaveClosed(result as ResultMessage);
}
