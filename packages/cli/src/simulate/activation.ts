import { sleep, systemClock } from "@tillkeeper/agent/clock";
import { type Client, TillkeeperError, TimeoutError } from "@tillkeeper/sdk";
import { withRetries } from "./retries.ts";

export interface ActivationOptions {
  client: Client;
  signal: AbortSignal;
  /** Called with an error that a retry does not cure, for example because a client has deleted the terminal. */
  failed: (cause: unknown) => void;
}

/** Terminals that are activated at the same time. */
const width = 32;
const windowSeconds = 20;
const pollMs = 400;
const againAfterMs = 1500;

/** Sends terminals a check_update until it succeeds, which makes them ACTIVE: at first, and after a fault. */
export class Activation {
  readonly #options: ActivationOptions;
  readonly #waiting = new Set<string>();
  readonly #done = new Set<string>();
  #working = 0;

  constructor(options: ActivationOptions) {
    this.#options = options;
  }

  /** How many terminals have become ACTIVE, or were at the beginning. */
  get active(): number {
    return this.#done.size;
  }

  /** Counts a terminal that is ACTIVE already. */
  isActive(terminalId: string): void {
    this.#done.add(terminalId);
  }

  /** Adds a terminal that has to become ACTIVE. */
  wants(terminalId: string): void {
    if (this.#options.signal.aborted) return;
    this.#waiting.add(terminalId);
    if (this.#working < width) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working += 1;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      this.#waiting.delete(next);
      try {
        await this.#activate(next);
        this.#done.add(next);
      } catch (cause) {
        if (!this.#options.signal.aborted) this.#options.failed(cause);
      }
    }
    this.#working -= 1;
  }

  async #activate(terminalId: string): Promise<void> {
    const { signal } = this.#options;
    for (;;) {
      const waitMs = await this.#attempt(terminalId);
      if (waitMs === 0) return;
      await sleep(systemClock, waitMs, signal);
    }
  }

  /** Returns the milliseconds to wait before the next attempt; 0 when it has succeeded. */
  async #attempt(terminalId: string): Promise<number> {
    const { client, signal } = this.#options;
    const body = {
      terminal_id: terminalId,
      operation: "check_update",
      when_busy: "wait",
      timeout: windowSeconds,
    } as const;
    try {
      const operation = await withRetries(signal, () => client.operations.create(body));
      const waiting = { signal, pollMs, timeoutMs: 3000 * windowSeconds };
      const { status } = await client.operations.wait(operation.id, waiting);
      return status === "COMPLETED" ? 0 : againAfterMs;
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof TimeoutError) return againAfterMs;
      // The terminal has a pending operation of another client.
      const isPending = cause instanceof TillkeeperError && cause.code === "operation_pending";
      if (isPending) return 1000 * Math.max(1, cause.retryAfterSeconds ?? 1);
      throw cause;
    }
  }
}
