/** Promises that are resolved together by `release`. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `release`, or when the signal aborts. Never rejects. */
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

  /** Resolves all promises of `wait`. */
  release(): void {
    for (const goOn of this.#waiting) goOn();
  }
}
