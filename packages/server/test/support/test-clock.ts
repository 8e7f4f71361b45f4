import type { Clock } from "../../src/platform/clock.ts";

/** The real time until it is moved: then it goes on from there. */
export class TestClock implements Clock {
  #aheadMs = 0;
  readonly #moved: (aheadMs: number) => void;

  /** `moved` is told whenever it was. */
  constructor(moved: (aheadMs: number) => void = () => {}) {
    this.#moved = moved;
  }

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  moveTo(instant: string): void {
    this.setAhead(Date.parse(instant) - Date.now());
  }

  advance(ms: number): void {
    this.setAhead(this.#aheadMs + ms);
  }

  /** How far it is ahead of the real time, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  setAhead(aheadMs: number): void {
    this.#aheadMs = aheadMs;
    this.#moved(aheadMs);
  }
}
