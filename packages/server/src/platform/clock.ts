/** Where every piece of the server gets the time from, so that tests can stand at any instant. */
export interface Clock {
  now(): Date;
  /** Milliseconds that passed since some instant, whatever the clock is set to meanwhile. */
  elapsedMs(): number;
}

export const systemClock: Clock = { now: () => new Date(), elapsedMs: () => performance.now() };
