/**
 * Delays batches under load so that they grow: a batch costs about the same whatever its size. After a batch of more
 * than one item the next batch waits `restMs`; after a batch of one item it does not.
 */
export class Pace {
  readonly #restMs: number;
  #nextAt = 0;

  constructor(restMs: number) {
    this.#restMs = restMs;
  }

  /** Milliseconds until the next batch may begin; 0 when it may begin now. */
  wait(): number {
    return Math.max(0, this.#nextAt - performance.now());
  }

  began(size: number): void {
    this.#nextAt = size > 1 ? performance.now() + this.#restMs : 0;
  }
}
