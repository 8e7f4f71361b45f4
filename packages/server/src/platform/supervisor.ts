import { backoff } from "./backoff.ts";
import type { Logger } from "./log/log.ts";
import { pause } from "./pause.ts";
import type { Worker } from "./worker.ts";

export interface WorkerHealth {
  name: string;
  state: "running" | "restarting" | "stopped";
  restarts: number;
}

const restartMs = { first: 200, longest: 5_000 };

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
    const longest = worker.backWithinMs ?? restartMs.longest;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      health.state = "running";
      try {
        await worker.run(signal);
      } catch (error) {
        if (signal.aborted) break;
        this.#log.error({ err: error, worker: worker.name }, "worker failed, starting it again");
      }
      if (signal.aborted) break;
      health.state = "restarting";
      health.restarts += 1;
      if (performance.now() - startedAt > restartMs.longest) failures = 0;
      await pause(backoff(failures, { ...restartMs, longest }), signal);
      failures += 1;
    }
    await worker.end().catch((error: unknown) => {
      this.#log.error({ err: error, worker: worker.name }, "a worker did not come to its end");
    });
    health.state = "stopped";
  }
}
