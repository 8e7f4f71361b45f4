import { backoff } from "../../../platform/backoff.ts";
import type { Logger } from "../../../platform/log/log.ts";
import { pause } from "../../../platform/pause.ts";

interface ConnectionEnderOptions {
  /**
   * Makes the broker end the connections of the address. Called once per attempt; rejects when the broker cannot be
   * reached.
   */
  revoke: (address: string) => Promise<void>;
  log: Logger;
}

/** Between one attempt and the next. */
const retryMs = { first: 200, longest: 30_000 };
/**
 * Attempts end after so many milliseconds: a broker that was unreachable for so long has ended the connection itself.
 */
const revokeForMs = 600_000;

/** Ends connections at an outside broker. After a failure one loop per address tries again. */
export class ConnectionEnder {
  readonly #options: ConnectionEnderOptions;
  readonly #ending = new AbortController();
  readonly #loops = new Map<string, Promise<void>>();

  constructor(options: ConnectionEnderOptions) {
    this.#options = options;
  }

  /** Makes the first attempt. Resolves after it, whatever its outcome; further attempts go on in the background. */
  async revoke(address: string): Promise<void> {
    if (this.#loops.has(address)) return;
    try {
      await this.#options.revoke(address);
    } catch (error) {
      this.#options.log.warn({ err: error, address }, "a device's connection could not be ended, it is tried again");
      // Another call may have begun a loop meanwhile.
      if (this.#loops.has(address)) return;
      this.#loops.set(
        address,
        this.#keepTrying(address).finally(() => this.#loops.delete(address)),
      );
    }
  }

  /** Stops all loops. Resolves when no attempt is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#loops.values());
  }

  async #keepTrying(address: string): Promise<void> {
    const { revoke, log } = this.#options;
    const { signal } = this.#ending;
    const until = performance.now() + revokeForMs;
    for (let attempt = 0; performance.now() < until; attempt += 1) {
      await pause(backoff(attempt, retryMs), signal);
      if (signal.aborted) return;
      try {
        return await revoke(address);
      } catch (error) {
        log.debug({ err: error, address }, "a device's connection could not be ended yet");
      }
    }
    log.warn({ address }, "a device's connection could not be ended");
  }
}
