/** A bounded number of slots for work that is under way. */
export class Slots {
  #free: number;
  #wanted: { count: number; go: () => void } | undefined;

  constructor(count: number) {
    this.#free = count;
  }

  take(count: number): void {
    this.#free -= count;
  }

  /** Gives a slot back. */
  free(): void {
    this.#free += 1;
    if (this.#wanted && this.#free >= this.#wanted.count) this.#wanted.go();
  }

  /** Resolves when so many slots are free. One caller may wait at a time. */
  async untilFree(count: number): Promise<void> {
    if (this.#free >= count) return;
    await new Promise<void>((resolve) => {
      this.#wanted = { count, go: resolve };
    });
    this.#wanted = undefined;
  }
}
