import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "./log/log.ts";

/** Something long-running: a name and a run that ends when the signal aborts. */
export interface Worker {
  name: string;
  run(signal: AbortSignal): Promise<void>;
  /** How long it may be away after a failure, in milliseconds; five seconds unless a promise depends on it. */
  backWithinMs?: number;
}

export interface WorkerHealth {
  name: string;
  state: "running" | "restarting" | "stopped";
  restarts: number;
}

const restartDelayMs = { first: 100, most: 5_000 };

/**
 * Runs workers until stopped: one that throws is logged and started again with growing delay, and none of them can take
 * the others down. Stops in the reverse order of start.
 */
export class Supervisor {
  readonly #log: Logger;
  readonly #running: { health: WorkerHealth; abort: AbortController; done: Promise<void> }[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  start(worker: Worker): void {
    const health: WorkerHealth = { name: worker.name, state: "running", restarts: 0 };
    const abort = new AbortController();
    this.#running.push({ health, abort, done: this.#keepRunning(worker, health, abort.signal) });
  }

  health(): WorkerHealth[] {
    return this.#running.map((entry) => ({ ...entry.health }));
  }

  async stop(): Promise<void> {
    for (const entry of this.#running.toReversed()) {
      entry.abort.abort();
      await entry.done;
    }
  }

  async #keepRunning(worker: Worker, health: WorkerHealth, signal: AbortSignal): Promise<void> {
    let delay = restartDelayMs.first;
    while (!signal.aborted) {
      const startedAt = Date.now();
      try {
        health.state = "running";
        await worker.run(signal);
      } catch (error) {
        if (signal.aborted) break;
        this.#log.error({ err: error, worker: worker.name }, "worker failed, starting it again");
      }
      if (signal.aborted) break;
      health.state = "restarting";
      health.restarts += 1;
      delay =
        Date.now() - startedAt > restartDelayMs.most
          ? restartDelayMs.first
          : Math.min(delay * 2, worker.backWithinMs ?? restartDelayMs.most);
      await pause(delay, signal);
    }
    health.state = "stopped";
  }
}

/** Waits so many milliseconds, or until the signal aborts; never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
