import type { Memory } from "@tillkeeper/contract/mqtt";
import type { Journal } from "../memory/journal.ts";
import { Waiters } from "../waiters.ts";

/** Whether the server's memory of this device was compared with its own. */
export interface Comparison {
  /** In this run, and nothing was found wrong. */
  isDone(): boolean;
  /** Something was found wrong: nothing is begun or said as this address any more. */
  isOldCopy(): boolean;
  /** Resolves when it may be, at the latest when the signal aborts. */
  done(signal: AbortSignal): Promise<void>;
}

/** Compares what the server holds of this device's log with the journal: does anything contradict it, that is an old copy. */
export class MemoryComparison implements Comparison {
  readonly #journal: Pick<Journal<unknown>, "address" | "log">;
  readonly #waiters = new Waiters();
  #isDone = false;
  #isOldCopy = false;
  /** What has been found is of this address alone. */
  #address: string | undefined;

  constructor(journal: Pick<Journal<unknown>, "address" | "log">) {
    this.#journal = journal;
  }

  isDone(): boolean {
    return this.#isDone && !this.#isOldCopy && this.#address === this.#journal.address;
  }

  isOldCopy(): boolean {
    return this.#isOldCopy && this.#address === this.#journal.address;
  }

  done(signal: AbortSignal): Promise<void> {
    return this.isDone() ? Promise.resolve() : this.#waiters.wait(signal);
  }

  /** The welcome to a hello of this run says that. */
  welcomed(memory: Memory): "same" | "old_copy" | "known_as_old" {
    const found = this.heard(memory);
    if (found === "same") {
      this.#isDone = true;
      this.#waiters.release();
    }
    return found;
  }

  /** The server says that it holds so much. */
  heard(memory: Memory): "same" | "old_copy" | "known_as_old" {
    if (this.#address !== this.#journal.address) {
      this.#address = this.#journal.address;
      this.#isDone = false;
      this.#isOldCopy = false;
    }
    if (this.#isOldCopy) return "known_as_old";
    this.#isOldCopy = this.#journal.log.contradicts(memory);
    return this.#isOldCopy ? "old_copy" : "same";
  }
}
