import { backoff } from "../platform/backoff.ts";
import type { Logger } from "../platform/log.ts";
import { pause } from "../platform/pause.ts";

interface RevokingOptions {
  /** Has the broker forget the address once; rejects when it cannot be told. */
  revoke: (address: string) => Promise<void>;
  log: Logger;
}

/** Between one attempt and the next. */
const retryMs = { first: 200, longest: 30_000 };
/** It is tried for so long; a broker that was away meanwhile has ended the connection itself. */
const revokeForMs = 600_000;

/** Has the broker forget addresses that are over. Where it cannot be told, one loop per address goes on trying. */
export class Revoking {
  readonly #options: RevokingOptions;
  readonly #ending = new AbortController();
  readonly #loops = new Map<string, Promise<void>>();

  constructor(options: RevokingOptions) {
    this.#options = options;
  }

  /** Resolves after the first attempt, whatever came of it. */
  async revoke(address: string): Promise<void> {
    if (this.#loops.has(address)) return;
    try {
      await this.#options.revoke(address);
    } catch (error) {
      this.#options.log.warn({ err: error, address }, "a device's connection could not be ended, it is tried again");
      // Another one may have begun meanwhile.
      if (this.#loops.has(address)) return;
      this.#loops.set(
        address,
        this.#keepTrying(address).finally(() => this.#loops.delete(address)),
      );
    }
  }

  /** Resolves when nothing is under way any more. */
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
