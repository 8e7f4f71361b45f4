import type { Logger } from "../../platform/log/log.ts";

interface FloodsOptions {
  /**
   * Ends the connections of the address. Called when a device has exceeded the limit; not again for it before this has
   * settled. Must not reject.
   */
  sendAway: (address: string) => Promise<void>;
}

/** A device with so many dropped messages within this time floods the server: no agent comes near it. */
const mostDropped = 500;
const withinMs = 5_000;

/**
 * Detects devices that flood an outside broker, by the messages that were dropped. Dropping alone stops no flood, and
 * the broker does not limit the device either.
 */
export class Floods {
  readonly #options: FloodsOptions;
  readonly #counts = new Map<string, number>();
  readonly #beingEnded = new Set<string>();
  #windowBegunAt = performance.now();

  constructor(options: FloodsOptions) {
    this.#options = options;
  }

  dropped(address: string): void {
    const now = performance.now();
    if (now - this.#windowBegunAt > withinMs) {
      this.#windowBegunAt = now;
      this.#counts.clear();
    }
    const count = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, count);
    if (count < mostDropped || this.#beingEnded.has(address)) return;
    this.#counts.delete(address);
    this.#beingEnded.add(address);
    void this.#options.sendAway(address).finally(() => this.#beingEnded.delete(address));
  }
}

const refusedMs = 10_000;

/**
 * Devices whose connection to the embedded broker was ended as a flood. Their next connections are refused for a while
 * (CONNACK 3, server unavailable).
 */
export class Flooders {
  readonly #log: Logger;
  /** Until when each address is refused, the earliest first. */
  readonly #refusedUntil = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Notes that a connection was ended as a flood. Logs one line per refusal period, however many connections the device
   * had.
   */
  ended(address: string, error: Error): void {
    if (this.isRefused(address)) return;
    this.#refusedUntil.set(address, performance.now() + refusedMs);
    this.#log.warn({ err: error, address }, "a terminal floods the broker, its connection is ended");
  }

  isRefused(address: string): boolean {
    const now = performance.now();
    for (const [back, until] of this.#refusedUntil) {
      if (until > now) break;
      this.#refusedUntil.delete(back);
    }
    return this.#refusedUntil.has(address);
  }
}
