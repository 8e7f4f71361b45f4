import type { Clock } from "../../src/clock.ts";

interface Timer {
  at: number;
  action: () => void;
}

/** A clock that stands until it is told to move; timers fire in order on the way. */
export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 1000;
  readonly #timers = new Set<Timer>();

  constructor(start: string | number) {
    this.#wall = new Date(start).getTime();
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#monotonic + delayMs, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Both clocks move on. */
  advance(ms: number): void {
    const until = this.#monotonic + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#move(next.at - this.#monotonic);
      next.action();
    }
    this.#move(until - this.#monotonic);
  }

  /** Only the wall clock moves: someone set it, or the device slept. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  #move(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }
}
