import { limits } from "@tillkeeper/contract/limits";
import { Origin } from "@tillkeeper/contract/message-parts";
import { type Memory, mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt";
import { type Static, Type } from "typebox";
import { ReportedResult } from "../operations/outcome.ts";

/** An operation that was begun and has no result yet. Written before it is begun. */
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

/** A result, as it is told. */
export const LogEntry = Type.Object({ ...ReportedResult.properties, number: Type.Integer({ minimum: 1 }) });
export type LogEntry = Static<typeof LogEntry>;

export const StoredLog = Type.Object({
  results: Type.Array(LogEntry),
  begun: Type.Array(Begun),
  /** The batch that was closed last, as far as the results and what the terminal said of them go. */
  batch: Type.Optional(Type.String()),
  /** How often something was begun or answered: more than that beside the key means that this is an old copy. */
  writes: Type.Integer({ minimum: 0 }),
});
export type StoredLog = Static<typeof StoredLog>;

/** What one write changes; all of it or nothing. */
export interface Change<State = unknown> {
  /** Results, which are numbered in this order. One of an operation that was begun takes the place of that. */
  results?: ReportedResult[];
  begun?: Begun;
  /** The operation is not begun after all. */
  takenBack?: string;
  /** The batch that the terminal names as closed last, where a result does not say that by itself. */
  batch?: string;
  state?: State;
}

export const emptyLog: StoredLog = { results: [], begun: [], writes: 0 };

const dayMs = 86_400_000;
const keptMs = limits.journalDaysKept * dayMs;

/** What a device has done as one address: its results, numbered from 1 in the order of their writing, and what it has begun. */
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

  /** In the order of their numbers, which may have gaps. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  get begun(): Begun[] {
    return [...this.#begun.values()];
  }

  /** The number of the last result, 0 without any. */
  get last(): number {
    return this.#entries.at(-1)?.number ?? 0;
  }

  get batch(): string | undefined {
    return this.#batch;
  }

  get writes(): number {
    return this.#writes;
  }

  /** The close that is begun and has no result yet. */
  get closing(): Begun | undefined {
    return this.begun.find(({ operation }) => operation === "end_of_day");
  }

  /** The id of the last close: what has begun to close counts, its end is unknown. */
  get lastClose(): string | undefined {
    return this.closing?.operation_id ?? this.#entries.findLast(isClose)?.operation_id;
  }

  find(operationId: string): LogEntry | undefined {
    return this.#byId.get(operationId);
  }

  findBegun(operationId: string): Begun | undefined {
    return this.#begun.get(operationId);
  }

  /** The result that a close had which came of the same request. */
  ofRequest(request: string | undefined): LogEntry | undefined {
    if (request === undefined) return undefined;
    return this.#entries.find(({ operation, origin }) => operation === "end_of_day" && origin?.request === request);
  }

  /**
   * The next results after that number, at most so many, as they are told: where results are not kept any more, the next one
   * says after which it comes.
   */
  after(number: number, most: number): LogEntry[] {
    const from = this.#indexAfter(number);
    return this.#entries.slice(from, from + Math.max(0, most)).map((entry, index) => {
      const after = this.#entries[from + index - 1]?.number ?? 0;
      return after === entry.number - 1 ? entry : { ...entry, after };
    });
  }

  /** How many results come after that number. */
  countAfter(number: number): number {
    return this.#entries.length - this.#indexAfter(number);
  }

  /** Whether somebody who holds that much of this log has heard another: this one is an old copy. */
  contradicts({ number, id }: Memory): boolean {
    if (number > this.last) return true;
    const entry = this.#entries[this.#indexAfter(number - 1)];
    return entry?.number === number && id !== undefined && entry.operation_id !== id;
  }

  /** `held`: how far the server is. What is old may go up to there. */
  apply({ results = [], begun, takenBack, batch }: Change, held: number): void {
    if (results.length > 0 || begun) this.#writes += 1;
    for (const result of results) this.#add(result);
    if (batch !== undefined) this.#batch = batch;
    if (begun) this.#begun.set(begun.operation_id, begun);
    if (takenBack !== undefined) this.#begun.delete(takenBack);
    this.#dropOld(held);
  }

  /** For another address: everything that is remembered, numbered anew. */
  renumbered(): ResultLog {
    const results = this.#entries.map((entry, index) => ({ ...entry, number: index + 1 }));
    return new ResultLog({ ...this.stored(), results });
  }

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

  /** So many of each kind, and everything of the last days: by the time of the last result, whatever the clock says. */
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

  /** Of the first entry with a higher number. */
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

/** A log to read. */
export type LogView = Omit<ResultLog, "apply" | "renumbered">;

/** What the next close has to know of. */
export function isClose(result: ReportedResult): boolean {
  return mayHaveClosed(result as ResultMessage);
}
