import type { Logger } from "../platform/log.ts";
import { pause } from "../platform/worker.ts";

interface RevokingOptions {
  /** Ends the terminal's connections once; rejects when the broker cannot be told. */
  revoke: (terminalId: string) => Promise<void>;
  log: Logger;
}

type Ended = () => Promise<void>;

/** Between one attempt and the next: doubling. */
const retryMs = { first: 200, longest: 30_000 };
/** It is tried for so long; a broker that was away meanwhile has ended the connection itself. */
const revokeForMs = 600_000;

/** Ends connections of credentials that are over. Where the broker cannot be told, one loop per terminal goes on trying. */
export class Revoking {
  readonly #options: RevokingOptions;
  readonly #ending = new AbortController();
  /** What to do when a terminal's connection has ended: of its latest credential only. */
  readonly #wanted = new Map<string, Ended | undefined>();
  readonly #loops = new Map<string, Promise<void>>();

  constructor(options: RevokingOptions) {
    this.#options = options;
  }

  /** Resolves after the first attempt; `ended` is called when one succeeded. Rejects when `ended` does at the first. */
  async revoke(terminalId: string, ended?: Ended): Promise<void> {
    if (this.#loops.has(terminalId)) return this.#want(terminalId, ended);
    try {
      await this.#options.revoke(terminalId);
    } catch (error) {
      this.#options.log.warn(
        { err: error, terminal_id: terminalId },
        "a terminal's connection could not be ended, it is tried again",
      );
      this.#goOn(terminalId, ended);
      return;
    }
    await ended?.();
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#loops.values());
  }

  #want(terminalId: string, ended: Ended | undefined): void {
    if (ended) this.#wanted.set(terminalId, ended);
  }

  #goOn(terminalId: string, ended: Ended | undefined): void {
    this.#want(terminalId, ended);
    // Another one may have begun while this one made its first attempt.
    if (this.#loops.has(terminalId)) return;
    const loop = this.#keepTrying(terminalId).finally(() => {
      this.#loops.delete(terminalId);
      this.#wanted.delete(terminalId);
    });
    this.#loops.set(terminalId, loop);
  }

  async #keepTrying(terminalId: string): Promise<void> {
    const { signal } = this.#ending;
    const until = performance.now() + revokeForMs;
    for (let delay = retryMs.first; performance.now() < until; delay = Math.min(2 * delay, retryMs.longest)) {
      await pause(delay, signal);
      if (signal.aborted) return;
      const ended = this.#wanted.get(terminalId);
      try {
        await this.#options.revoke(terminalId);
        await ended?.();
      } catch (error) {
        this.#options.log.debug(
          { err: error, terminal_id: terminalId },
          "a terminal's connection could not be ended yet",
        );
        continue;
      }
      // A newer credential may have come while the former one was being ended.
      if (this.#wanted.get(terminalId) === ended) return;
    }
    this.#options.log.warn({ terminal_id: terminalId }, "a terminal's connection could not be ended");
  }
}
