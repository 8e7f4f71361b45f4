import { pause } from "./pause.ts";

/** One round of a worker. Answering `true` says that there is more to do: the next round begins at once. */
type Work = (signal: AbortSignal) => Promise<void> | Promise<boolean>;

interface WorkerOptions {
  /** How long the worker may be away after a failure, in milliseconds; five seconds unless a promise depends on it. */
  backWithinMs?: number;
  /** Called before the first round, and before the first one after a failure. */
  begin?: () => void;
  /** Called once, after the last round. */
  end?: () => void | Promise<void>;
}

/**
 * A worker that does its work every so many milliseconds, counted from the end of a round to the begin of the next. A round
 * that throws is logged and followed by another one, later and later (`Supervisor`). A function says before each rest how long it is.
 */
export function every(
  name: string,
  intervalMs: number | (() => number),
  work: Work,
  options: WorkerOptions = {},
): Worker {
  return new Worker(name, intervalMs, work, options);
}

/** Something long-running; made by `every`, started and stopped by a `Supervisor`. */
class Worker {
  readonly name: string;
  readonly backWithinMs: number | undefined;
  readonly #intervalMs: number | (() => number);
  readonly #work: Work;
  readonly #options: WorkerOptions;
  #rest = new AbortController();

  constructor(name: string, intervalMs: number | (() => number), work: Work, options: WorkerOptions) {
    this.name = name;
    this.backWithinMs = options.backWithinMs;
    this.#intervalMs = intervalMs;
    this.#work = work;
    this.#options = options;
  }

  /** Begins the next round now, or right after the present one. */
  wake(): void {
    this.#rest.abort();
  }

  /** Resolves when the signal has aborted and the round under way is over; rejects when a round throws. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.wake();
    signal.addEventListener("abort", stop);
    try {
      this.#options.begin?.();
      while (!signal.aborted) {
        this.#rest = new AbortController();
        const more = await this.#work(signal);
        const intervalMs = typeof this.#intervalMs === "function" ? this.#intervalMs() : this.#intervalMs;
        if (more !== true) await pause(intervalMs, this.#rest.signal);
      }
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async end(): Promise<void> {
    await this.#options.end?.();
  }
}

export type { Worker };
