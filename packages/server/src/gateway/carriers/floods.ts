import type { Logger } from "../../platform/log/log.ts";

interface FloodsOptions {
  /** Called for a terminal that goes on; not again before that has settled, and another flood has come. */
  sendAway: (address: string) => Promise<void>;
}

/** A terminal whose messages were dropped so often within this time floods the server: no agent comes near it. */
const mostDropped = 500;
const withinMs = 5_000;

/** Counts what is dropped of each terminal: dropping alone does not silence one, and its broker carries the rest no further. */
export class Floods {
  readonly #options: FloodsOptions;
  readonly #counts = new Map<string, number>();
  readonly #leaving = new Set<string>();
  #begunAt = performance.now();

  constructor(options: FloodsOptions) {
    this.#options = options;
  }

  dropped(address: string): void {
    const now = performance.now();
    if (now - this.#begunAt > withinMs) {
      this.#begunAt = now;
      this.#counts.clear();
    }
    const count = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, count);
    if (count < mostDropped || this.#leaving.has(address)) return;
    this.#counts.delete(address);
    this.#leaving.add(address);
    void this.#options.sendAway(address).finally(() => this.#leaving.delete(address));
  }
}

const awayMs = 10_000;

/** Terminals whose connection to the embedded broker was ended as a flood: for a while they are told to come later. */
export class Flooders {
  readonly #log: Logger;
  /** The first one that may come back stands first. */
  readonly #awayUntil = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** One line in the log for each time that it is sent away, however many connections it had. */
  ended(address: string, error: Error): void {
    if (this.away(address)) return;
    this.#awayUntil.set(address, performance.now() + awayMs);
    this.#log.warn({ err: error, address }, "a terminal floods the broker, its connection is ended");
  }

  away(address: string): boolean {
    const now = performance.now();
    for (const [back, until] of this.#awayUntil) {
      if (until > now) break;
      this.#awayUntil.delete(back);
    }
    return this.#awayUntil.has(address);
  }
}
