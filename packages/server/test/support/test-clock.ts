import type { Clock } from "../../src/platform/clock.ts";

/** The real time until it is moved: then it goes on from there. */
export class TestClock implements Clock {
  #aheadMs = 0;
  #steppedMs = 0;
  readonly #moved: () => void;

  /** `moved` is told whenever it was. */
  constructor(moved: () => void = () => {}) {
    this.#moved = moved;
  }

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  elapsedMs(): number {
    return performance.now() + this.#aheadMs - this.#steppedMs;
  }

  moveTo(instant: string): void {
    this.setAhead(Date.parse(instant) - Date.now());
  }

  advance(ms: number): void {
    this.setAhead(this.#aheadMs + ms);
  }

  /** Sets it as one sets a wrong clock: no time passes. */
  step(ms: number): void {
    this.setAhead(this.#aheadMs + ms, this.#steppedMs + ms);
  }

  /** How far it is ahead of the real time, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** How much of that no time has passed for. */
  get steppedMs(): number {
    return this.#steppedMs;
  }

  setAhead(aheadMs: number, steppedMs = this.#steppedMs): void {
    this.#aheadMs = aheadMs;
    this.#steppedMs = steppedMs;
    this.#moved();
  }
}
