/**
 * Lets batches grow where much comes: each costs about the same, however much is in it. After one that carried more than
 * one thing the next has to wait a moment; whoever comes alone waits for nothing.
 */
export class Pace {
  readonly #restMs: number;
  #nextAt = 0;

  constructor(restMs: number) {
    this.#restMs = restMs;
  }

  /** For how many milliseconds the next batch has to wait; 0 when it may begin. */
  wait(): number {
    return Math.max(0, this.#nextAt - performance.now());
  }

  began(size: number): void {
    this.#nextAt = size > 1 ? performance.now() + this.#restMs : 0;
  }
}
