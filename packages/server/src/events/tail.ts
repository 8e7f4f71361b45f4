import type { Pool } from "pg";
import { every, type Worker } from "../platform/worker.ts";
import { WorkerPace } from "../platform/worker-pace.ts";
import { type EventRow, lastPlace, readPlaced } from "./read.ts";

/** Called with events in the order of their places. Must not throw, and must not take long. */
type Listener = (events: readonly EventRow[]) => void;

const mostAtOnce = 1_000;

/**
 * Reads new events for all listeners of this process: one reader of the table, however many wait. It reads while anything
 * listens. A listener gets events placed after it began, and reads earlier ones itself. The tail is a hint that
 * may break off: a reader that may miss nothing reads from its own position.
 */
export class EventTail {
  readonly worker: Worker;
  readonly #pool: Pool;
  readonly #listeners = new Set<Listener>();
  #after: number | undefined;
  #onFirst = () => {};
  readonly #pace = new WorkerPace({ busyMs: 20, idleMs: 1_000, idleAfterMs: 100 });

  constructor(pool: Pool) {
    this.#pool = pool;
    this.worker = every("events.tail", this.#pace.restMs, () => this.#round(), {
      begin: () => {
        this.#after = undefined;
      },
      backWithinMs: 1_000,
    });
  }

  /** Whether anything listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** `listener` is called when something begins to listen after nothing did. */
  whenHeard(listener: () => void): void {
    this.#onFirst = listener;
  }

  /** Events were placed. */
  placed(): void {
    if (this.isHeard) this.worker.wake();
  }

  /** Answers the function that ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.worker.wake();
      this.#onFirst();
    }
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async #round(): Promise<boolean> {
    if (this.#listeners.size === 0) {
      this.#after = undefined;
      return false;
    }
    this.#after ??= await lastPlace(this.#pool);
    const events = await readPlaced(this.#pool, this.#after, mostAtOnce);
    const last = events.at(-1);
    if (!last) {
      // After the database went back, places are given again.
      this.#after = Math.min(this.#after, await lastPlace(this.#pool));
      return false;
    }
    this.#after = Number(last.place);
    this.#pace.found();
    for (const listener of this.#listeners) listener(events);
    return events.length === mostAtOnce;
  }
}
