import type { RealClock } from "../../platform/clock.ts";

/** Less is no step: it is how clocks are kept right. */
const stepMs = 1_000;

/**
 * The time of presence. It goes on as time passes when somebody sets the clock, until that has been noted as the
 * beginning of a new time to listen: nobody becomes overdue by it, not for an instant.
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

  /** The instant that the clock was set to, if it was. */
  step(): Date | undefined {
    const set = this.#clock.realNow();
    return Math.abs(set.getTime() - this.realNow().getTime()) > stepMs ? set : undefined;
  }

  /** From now on goes by the clock again. */
  follow(): void {
    this.#aheadOfElapsedMs = this.#clock.realNow().getTime() - this.#clock.elapsedMs();
  }
}
