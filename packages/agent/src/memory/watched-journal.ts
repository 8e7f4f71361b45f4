import type { DeviceFault } from "@tillkeeper/contract/telemetry";
import type { Journal } from "./journal.ts";
import { type Change, isClose, type LogView } from "./result-log.ts";

/**
 * A journal that notes whether it can be written. A failed write becomes the device's fault for as long as it lasts: no
 * operation can begin until there is disk space again.
 */
export class WatchedJournal<State> implements Journal<State> {
  readonly #journal: Journal<State>;
  readonly #changed: () => void;
  readonly #closed: () => void;
  #failure: Error | undefined;
  #probing: Promise<void> | undefined;

  /**
   * `changed` is called when the fault begins and when it ends; `closed` after each write with the result of a close that
   * may have closed a batch.
   */
  constructor(journal: Journal<State>, { changed, closed }: { changed: () => void; closed: () => void }) {
    this.#journal = journal;
    this.#changed = changed;
    this.#closed = closed;
  }

  get address(): string | undefined {
    return this.#journal.address;
  }

  get state(): State {
    return this.#journal.state;
  }

  /**
   * Returns the fault for a heartbeat; undefined without one. While there is a fault, also checks whether it still
   * lasts.
   */
  faultToReport(): DeviceFault | undefined {
    if (this.#failure === undefined) return undefined;
    this.checkWritable();
    const why = `The device cannot store what it does: ${this.#failure.message}`;
    return { code: "storage_failed", message: why.slice(0, 500) };
  }

  /** Begins to check whether the journal can be written. */
  checkWritable(): void {
    if (!this.#journal.probe || this.#probing) return;
    this.#probing = this.#notingOutcome(this.#journal.probe(), true)
      .catch(() => undefined)
      .finally(() => {
        this.#probing = undefined;
      });
  }

  get log(): LogView {
    return this.#journal.log;
  }

  get held(): number {
    return this.#journal.held;
  }

  async write(decide: (log: LogView) => Change<State> | undefined): Promise<Change<State> | undefined> {
    const change = await this.#notingOutcome(this.#journal.write(decide));
    if (change?.results?.some(isClose)) this.#closed();
    return change;
  }

  hold(number: number): void {
    this.#journal.hold(number);
  }

  move(address: string): Promise<void> {
    return this.#notingOutcome(this.#journal.move(address));
  }

  /** Resolves when no check is under way. */
  async checked(): Promise<void> {
    await this.#probing;
  }

  async idle(): Promise<void> {
    await this.checked();
    await this.#journal.idle();
  }

  /**
   * Notes the outcome of a write. A result may find space that a begin does not: with `probe`, only a probe ends the
   * fault.
   */
  async #notingOutcome<Result>(written: Promise<Result>, probe = this.#journal.probe === undefined): Promise<Result> {
    const before = this.#failure;
    try {
      const result = await written;
      if (probe) this.#failure = undefined;
      return result;
    } catch (cause) {
      this.#failure = cause instanceof Error ? cause : new Error(String(cause));
      throw cause;
    } finally {
      if ((before === undefined) !== (this.#failure === undefined)) this.#changed();
    }
  }
}
