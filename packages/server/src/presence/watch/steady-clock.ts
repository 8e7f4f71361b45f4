import type { RealClock } from "../../platform/clock.ts";

/** Smaller corrections are how clocks are kept right, and are no step. */
const stepMs = 1_000;

/**
 * The clock of presence. When the system clock is set, this clock goes on by the elapsed time. It follows the new time
 * once the watch has begun a new listening period with it. So setting the clock makes no terminal overdue, not even for
 * an instant.
 */
export class SteadyClock implements RealClock {
  readonly #clock: RealClock;
  #aheadOfElapsedMs: number;

  constructor(clock: RealClock) {
    this.#clock = clock;
    this.#aheadOfElapsedMs = clock.realNow().getTime() - clock.elapsedMs();
  }

  realNow(): Date {
    return new Date(Math.round(this.#clock.elapsedMs() + this.#aheadOfElapsedMs));
  }

  elapsedMs(): number {
    return this.#clock.elapsedMs();
  }

  /** The time that the clock was set to, if it was set since the last `follow`. */
  step(): Date | undefined {
    const set = this.#clock.realNow();
    return Math.abs(set.getTime() - this.realNow().getTime()) > stepMs ? set : undefined;
  }

  /** Follows the system clock again from now on. */
  follow(): void {
    this.#aheadOfElapsedMs = this.#clock.realNow().getTime() - this.#clock.elapsedMs();
  }
}
