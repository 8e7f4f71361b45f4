import type { Worker } from "./worker.ts";

interface PaceOptions {
  /** Between rounds while something is found, in milliseconds. */
  busyMs: number;
  /** Between rounds once nothing was found for a while. */
  idleMs: number | (() => number);
  idleAfterMs: number;
}

/** How long a worker rests: briefly while there is work, and long after a while without any. */
export class WorkerPace {
  readonly #options: PaceOptions;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** There was work. */
  found(): void {
    this.#lastAt = performance.now();
  }

  readonly restMs = (): number => {
    const { busyMs, idleMs } = this.#options;
    if (!this.#isIdle()) return busyMs;
    return typeof idleMs === "number" ? idleMs : idleMs();
  };

  /**
   * There may be work now: a long rest of the worker ends. A short one goes on, so that what comes often is taken together, and the
   * next is short as well: work that comes while a round is under way waits for no long rest.
   */
  stir(worker: Worker): void {
    const rested = this.#isIdle();
    this.found();
    if (rested) worker.wake();
  }

  #isIdle(): boolean {
    return performance.now() - this.#lastAt >= this.#options.idleAfterMs;
  }
}
