import { type Clock, systemClock } from "@tillkeeper/server/platform/clock";

/** A clock that follows the clock below it (a server's or the machine's), with the offset that the test sets. */
export class TestClock implements Clock {
  #below: Clock = systemClock;
  #aheadMs = 0;
  #steppedMs = 0;
  readonly #moved: () => void;

  /** `moved` is called after each change of the offset. */
  constructor(moved: () => void = () => {}) {
    this.#moved = moved;
  }

  /** Puts this clock above the clock of a server, and returns it to that server. */
  readonly over = (below: Clock): this => {
    this.#below = below;
    return this;
  };

  now(): Date {
    return new Date(this.#below.now().getTime() + this.#aheadMs);
  }

  realNow(): Date {
    return new Date(this.#below.realNow().getTime() + this.#aheadMs);
  }

  toReal(businessTime: Date): Date {
    return this.#below.toReal(businessTime);
  }

  rate(): number {
    return this.#below.rate();
  }

  elapsedMs(): number {
    return this.#below.elapsedMs() + this.#aheadMs - this.#steppedMs;
  }

  moveTo(instant: string): void {
    this.setAhead(Date.parse(instant) - this.#below.now().getTime());
  }

  advance(ms: number): void {
    this.setAhead(this.#aheadMs + ms);
  }

  /** Steps the clock by `ms` without any elapsed time, as when an operator sets a wrong clock. */
  step(ms: number): void {
    this.setAhead(this.#aheadMs + ms, this.#steppedMs + ms);
  }

  /** How far the clock is ahead of the clock below, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** The part of `aheadMs` that comes from `step`, so without elapsed time. */
  get steppedMs(): number {
    return this.#steppedMs;
  }

  setAhead(aheadMs: number, steppedMs = this.#steppedMs): void {
    this.#aheadMs = aheadMs;
    this.#steppedMs = steppedMs;
    this.#moved();
  }
}
