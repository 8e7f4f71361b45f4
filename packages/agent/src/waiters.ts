/** Those who wait for the same moment. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `release`, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const goOn = () => {
        this.#waiting.delete(goOn);
        signal.removeEventListener("abort", goOn);
        resolve();
      };
      this.#waiting.add(goOn);
      signal.addEventListener("abort", goOn, { once: true });
    });
  }

  release(): void {
    for (const goOn of this.#waiting) goOn();
  }
}
