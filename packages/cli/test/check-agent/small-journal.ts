import { randomUUID } from "node:crypto";
import {
  type CommandMessage,
  type Memory,
  mayHaveClosed,
  type ResultMessage,
} from "@tillkeeper/contract/mqtt/messages";

export type Entry = ResultMessage & { number: number };

/** The state of the small agent that survives a power cut. */
interface Flash {
  address: string;
  entries: Entry[];
  begun: { command: CommandMessage; startedAt: string } | undefined;
}

/** The journal of the small agent, with a copy of an earlier state. */
export class SmallJournal {
  #flash: Flash = { address: "", entries: [], begun: undefined };
  #copy: Flash | undefined;

  get address(): string {
    return this.#flash.address;
  }

  get entries(): readonly Entry[] {
    return this.#flash.entries;
  }

  get begun(): Flash["begun"] {
    return this.#flash.begun;
  }

  get last(): number {
    return this.#flash.entries.at(-1)?.number ?? 0;
  }

  get lastClose(): string | undefined {
    return this.entries.findLast(mayHaveClosed)?.operation_id;
  }

  /** The last batch that was closed, as far as the journal knows. */
  get batch(): string {
    const closes = this.entries.filter(({ status, repeats }) => status === "COMPLETED" && repeats === undefined);
    const last = closes.findLast(({ operation }) => operation === "end_of_day");
    return (last?.result as { batch_id: string } | undefined)?.batch_id ?? "0";
  }

  find(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.operation_id === id);
  }

  ofRequest(request: string | undefined): Entry | undefined {
    return this.entries.find(
      ({ operation, origin }) => operation === "end_of_day" && request !== undefined && origin?.request === request,
    );
  }

  contradicts({ number, id }: Memory): boolean {
    const own = this.entries.find((entry) => entry.number === number);
    return number > this.last || (own !== undefined && own.operation_id !== id);
  }

  begin(begun: Flash["begun"]): void {
    this.#flash.begun = begun;
  }

  /** Numbers a result and writes it to the journal. */
  add(result: Omit<ResultMessage, "number">, step = 1): Entry {
    const entry = { number: this.last + step, ...result } as Entry;
    this.#flash.entries.push(entry);
    this.#flash.begun = undefined;
    return entry;
  }

  /** Moves the journal to another address: the entries get new numbers, in order or, for one fault, reversed. */
  moveTo(address: string, reversed: boolean): void {
    const { entries } = this.#flash;
    const inOrder = reversed ? entries.toReversed() : entries;
    this.#flash = {
      ...this.#flash,
      address,
      entries: inOrder.map((entry, index) => ({ ...entry, number: index + 1 })),
    };
  }

  /** Drops the last entry, as if the write had not reached the disk. */
  loseLast(): void {
    this.#flash.entries.pop();
  }

  copy(): void {
    this.#copy = structuredClone(this.#flash);
  }

  restore(): void {
    if (this.#copy) this.#flash = this.#copy;
  }

  remove(): void {
    this.#flash = { address: "", entries: [], begun: undefined };
  }
}

/** The card reader: it closes batches, and can name the last closed batch. */
export class SmallReader {
  #closed = 0;

  /** The last closed batch; `0` before the first one. */
  get lastBatch(): string {
    return String(this.#closed);
  }

  close(): string {
    this.#closed += 1;
    return this.lastBatch;
  }
}

/** Makes the result of a close by hand. */
export function closeByHand(batch: string): Omit<ResultMessage, "number"> {
  const result = { outcome: "unconfirmed", batch_id: batch };
  const finished_at = new Date().toISOString();
  return {
    operation_id: randomUUID(),
    operation: "end_of_day",
    status: "COMPLETED",
    by_hand: true,
    finished_at,
    result,
  };
}
