import { type Memory, mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt";

/** A result that stands in a log. */
export type Entry = ResultMessage & { number: number };

/** What the server holds of the log of one address. */
export class HeldLog {
  #entries: Entry[] = [];

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get memory(): Memory {
    const last = this.#entries.at(-1);
    return last ? { number: last.number, id: last.operation_id } : { number: 0 };
  }

  /** The last close, as a command names it. */
  get lastClose(): string | null {
    return this.#entries.findLast(mayHaveClosed)?.operation_id ?? null;
  }

  /** Whether it is held now. What is not the next one is not taken. */
  take(entry: Entry): boolean {
    const { number } = this.memory;
    if (entry.number <= number) return true;
    if ((entry.after ?? entry.number - 1) !== number) return false;
    this.#entries.push(entry);
    return true;
  }

  /** As a database that went back: only so much of it is left. */
  goBackTo(number: number): void {
    this.#entries = this.#entries.filter((entry) => entry.number <= number);
  }
}
