import type { Logger } from "../platform/log.ts";

interface FloodsOptions {
  /** Called for a terminal that goes on; not again before that has settled, and another flood has come. */
  sendAway: (terminalId: string) => Promise<void>;
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

  dropped(terminalId: string): void {
    const now = performance.now();
    if (now - this.#begunAt > withinMs) {
      this.#begunAt = now;
      this.#counts.clear();
    }
    const count = (this.#counts.get(terminalId) ?? 0) + 1;
    this.#counts.set(terminalId, count);
    if (count < mostDropped || this.#leaving.has(terminalId)) return;
    this.#counts.delete(terminalId);
    this.#leaving.add(terminalId);
    void this.#options.sendAway(terminalId).finally(() => this.#leaving.delete(terminalId));
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
  ended(terminalId: string, error: Error): void {
    if (this.away(terminalId)) return;
    this.#awayUntil.set(terminalId, performance.now() + awayMs);
    this.#log.warn({ err: error, terminal_id: terminalId }, "a terminal floods the broker, its connection is ended");
  }

  away(terminalId: string): boolean {
    const now = performance.now();
    for (const [back, until] of this.#awayUntil) {
      if (until > now) break;
      this.#awayUntil.delete(back);
    }
    return this.#awayUntil.has(terminalId);
  }
}
