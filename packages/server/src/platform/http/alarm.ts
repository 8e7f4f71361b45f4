/** A rest that others may end. A ring before a rest ends that rest at once, so that no ring is lost. */
export class Alarm {
  #rung = false;
  #finish: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#finish?.();
  }

  /** Rests so many milliseconds, or until it rings; left out, only until it rings. Answers whether it rang. */
  async rest(ms?: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
        this.#finish = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#finish = undefined;
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
