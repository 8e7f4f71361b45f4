import { type Clock, systemClock } from "@tillkeeper/server/platform/clock";

/** The time of the server below, or of this machine, until it is moved: then it goes on from there. */
export class TestClock implements Clock {
  #below: Clock = systemClock;
  #aheadMs = 0;
  #steppedMs = 0;
  readonly #moved: () => void;

  /** `moved` is told whenever it was. */
  constructor(moved: () => void = () => {}) {
    this.#moved = moved;
  }

  /** Stands on the clock of a server, for that server. */
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

  elapsedMs(): number {
    return this.#below.elapsedMs() + this.#aheadMs - this.#steppedMs;
  }

  moveTo(instant: string): void {
    this.setAhead(Date.parse(instant) - this.#below.now().getTime());
  }

  advance(ms: number): void {
    this.setAhead(this.#aheadMs + ms);
  }

  /** Sets it as one sets a wrong clock: no time passes. */
  step(ms: number): void {
    this.setAhead(this.#aheadMs + ms, this.#steppedMs + ms);
  }

  /** How far it is ahead of the clock below, in milliseconds. */
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
