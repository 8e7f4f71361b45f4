/**
 * Real time, by the database's clock; no sandbox moves it. Tokens, pairing codes, heartbeats and leases use it, and all
 * times that are compared with theirs.
 */
export interface RealClock {
  realNow(): Date;
  /** Milliseconds since a fixed instant, unaffected by changes of the clock. */
  elapsedMs(): number;
}

/**
 * The clock that every part of the server uses, so that tests can set any instant. Business time is real time, or ahead
 * of it where a sandbox has moved it (docs/adr/0029-one-time.md). Business days, deadlines, retries, retention and
 * times in rows use it.
 */
export interface Clock extends RealClock {
  now(): Date;
  /** The real time at which that business time is reached, unless business time is moved meanwhile. */
  toReal(businessTime: Date): Date;
  /** Seconds of business time that pass in a second: 1, or more where a sandbox lets it run faster. */
  rate(): number;
}

/** The clock, stopped at this instant of business time: for several rows that have to tell the same one. */
export function stopped(clock: Clock): Clock {
  const now = clock.now();
  return {
    now: () => now,
    realNow: () => clock.realNow(),
    toReal: (at) => clock.toReal(at),
    rate: () => clock.rate(),
    elapsedMs: () => clock.elapsedMs(),
  };
}

/** The machine's own clock, for programs without a server's database. */
export const systemClock: Clock = {
  now: () => new Date(),
  realNow: () => new Date(),
  toReal: (at) => at,
  rate: () => 1,
  elapsedMs: () => performance.now(),
};
