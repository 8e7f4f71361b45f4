import type { DeviceFault } from "@tillkeeper/contract/telemetry";
import type { Journal } from "./journal.ts";
import type { Change, LogView } from "./result-log.ts";

/**
 * A journal that knows whether it can be written. What goes wrong is told as the device's fault, for as long as it lasts:
 * nothing can be begun meanwhile, until room is made on the disk.
 */
export class WatchedJournal<State> implements Journal<State> {
  readonly #journal: Journal<State>;
  readonly #changed: () => void;
  #failure: Error | undefined;
  #probing: Promise<void> | undefined;

  /** `changed` is called when the fault begins and when it ends. */
  constructor(journal: Journal<State>, changed: () => void) {
    this.#journal = journal;
    this.#changed = changed;
  }

  get address(): string | undefined {
    return this.#journal.address;
  }

  get state(): State {
    return this.#journal.state;
  }

  /** Asked for each heartbeat: as long as there is a fault, it is looked whether it still lasts. */
  tellFault(): DeviceFault | undefined {
    if (this.#failure === undefined) return undefined;
    this.look();
    const why = `The device cannot store what it does: ${this.#failure.message}`;
    return { code: "storage_failed", message: why.slice(0, 500) };
  }

  /** Finds out whether the journal can be written. */
  look(): void {
    if (!this.#journal.probe || this.#probing) return;
    this.#probing = this.#noting(this.#journal.probe(), true)
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

  write(decide: (log: LogView) => Change<State> | undefined): Promise<Change<State> | undefined> {
    return this.#noting(this.#journal.write(decide));
  }

  hold(number: number): void {
    this.#journal.hold(number);
  }

  move(address: string): Promise<void> {
    return this.#noting(this.#journal.move(address));
  }

  /** Resolves when no look is under way. */
  async looked(): Promise<void> {
    await this.#probing;
  }

  async idle(): Promise<void> {
    await this.looked();
    await this.#journal.idle();
  }

  /** An answer may still find room where nothing can be begun: where the journal can tell, that alone ends the fault. */
  async #noting<Result>(written: Promise<Result>, probe = this.#journal.probe === undefined): Promise<Result> {
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
