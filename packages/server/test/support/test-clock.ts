import type { Clock } from "../../src/platform/clock.ts";

/** The real time until it is moved: then it goes on from there. */
export class TestClock implements Clock {
  #aheadMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  moveTo(instant: string): void {
    this.#aheadMs = Date.parse(instant) - Date.now();
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}
