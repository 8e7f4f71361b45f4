import type { Clock } from "../platform/clock.ts";

/** Less is no step: it is how clocks are kept right. */
const stepMs = 1_000;

/**
 * The time of presence. It goes on as time passes when somebody sets the machine's clock, until that has been noted as the
 * beginning of a new time to listen: nobody becomes overdue by it, not for an instant.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  #aheadOfElapsedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#aheadOfElapsedMs = clock.now().getTime() - clock.elapsedMs();
  }

  now(): Date {
    return new Date(Math.round(this.#clock.elapsedMs() + this.#aheadOfElapsedMs));
  }

  elapsedMs(): number {
    return this.#clock.elapsedMs();
  }

  /** The instant that the machine's clock was set to, if it was. */
  step(): Date | undefined {
    const set = this.#clock.now();
    return Math.abs(set.getTime() - this.now().getTime()) > stepMs ? set : undefined;
  }

  /** From now on goes by the machine's clock again. */
  follow(): void {
    this.#aheadOfElapsedMs = this.#clock.now().getTime() - this.#clock.elapsedMs();
  }
}
