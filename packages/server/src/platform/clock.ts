/**
 * The time that nobody moves: the database's clock. Tokens, pairing codes, heartbeats and leases go by it, and whatever is
 * held against these.
 */
export interface RealClock {
  realNow(): Date;
  /** Milliseconds that passed since some instant, whatever the clock is set to meanwhile. */
  elapsedMs(): number;
}

/**
 * Where every piece of the server gets the time from, so that tests can stand at any instant. Business time is the real one,
 * and ahead of it where a sandbox has moved it (docs/adr/0029-one-time.md): days, deadlines, retries, retention, and what rows say of when.
 */
export interface Clock extends RealClock {
  now(): Date;
  /** When it will be that business time, unless it is moved meanwhile. */
  toReal(businessTime: Date): Date;
}

/** The machine's own clock, for programs without a server's database. */
export const systemClock: Clock = {
  now: () => new Date(),
  realNow: () => new Date(),
  toReal: (at) => at,
  elapsedMs: () => performance.now(),
};
