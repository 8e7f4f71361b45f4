import type { Memory } from "@tillkeeper/contract/mqtt/messages";
import type { Journal } from "../memory/journal.ts";
import { Waiters } from "../waiters.ts";

/** The state of the comparison between the server's memory of this device and the device's own journal. */
export interface Comparison {
  /** Whether the comparison was made in this run of the agent and found no contradiction. */
  isDone(): boolean;
  /** Whether the journal is an old copy: the agent then begins and sends nothing more under this address. */
  isOldCopy(): boolean;
  /** Resolves when the comparison may be done, at the latest when the signal aborts. Never rejects. */
  done(signal: AbortSignal): Promise<void>;
}

/**
 * Compares what the server holds of this device's log with the journal. A journal that contradicts it is an old copy.
 */
export class MemoryComparison implements Comparison {
  readonly #journal: Pick<Journal<unknown>, "address" | "log">;
  readonly #waiters = new Waiters();
  #isDone = false;
  #isOldCopy = false;
  /** The address for which the findings hold; another address begins anew. */
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

  /** Compares the memory in a welcome to a hello of this run; this completes the comparison. */
  welcomed(memory: Memory): "same" | "old_copy" | "known_as_old" {
    const found = this.heard(memory);
    if (found === "same") {
      this.#isDone = true;
      this.#waiters.release();
    }
    return found;
  }

  /** Compares the memory in any other message: a receipt, or the answer to a heartbeat. */
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
