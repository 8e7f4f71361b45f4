import { type Memory, mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";

/** A result with its number: an entry of a log. */
export type Entry = ResultMessage & { number: number };

/** The entries that the test server holds of the log of one address. */
export class HeldLog {
  #entries: Entry[] = [];

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get memory(): Memory {
    const last = this.#entries.at(-1);
    return last ? { number: last.number, id: last.operation_id } : { number: 0 };
  }

  /** The `previous_close` of the next command. */
  get lastClose(): string | null {
    return this.#entries.findLast(mayHaveClosed)?.operation_id ?? null;
  }

  /** Adds the entry if it is the next one. Returns whether the log holds it now. */
  take(entry: Entry): boolean {
    const { number } = this.memory;
    if (entry.number <= number) return true;
    if ((entry.after ?? entry.number - 1) !== number) return false;
    this.#entries.push(entry);
    return true;
  }

  /** Drops all entries after this number, as a database does that went back to an earlier moment. */
  goBackTo(number: number): void {
    this.#entries = this.#entries.filter((entry) => entry.number <= number);
  }
}
