import type { Pool } from "pg";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log/log.ts";
import { every, type Worker } from "../platform/worker.ts";

/** A machine's own measures of time: the wall clock, which may be wrong, and elapsed time. */
export interface MachineTime {
  wallMs(): number;
  elapsedMs(): number;
}

const thisMachine: MachineTime = { wallMs: () => Date.now(), elapsedMs: () => performance.now() };

/**
 * A smaller step back is a correction: the server's time stands still until the clock has caught up. A larger one is a
 * clock that was set back, which the server follows.
 */
const stepMs = 1_000;
const followEveryMs = 1_000;
/** From this difference on the log warns. Nothing depends on the machine's wall clock but the times in its log. */
const warnFromMs = 1_000;

const reading = {
  name: "read_clock",
  text: `select extract(epoch from clock_timestamp())::float8 * 1000 as "databaseMs", ahead_ms::float8 as "aheadMs",
    extract(epoch from since)::float8 * 1000 as "sinceMs", rate
    from (values (true)) always left join business_clock on one`,
};

/** The row of business time: from `sinceMs` of real time on it gains `rate` − 1 seconds each second. */
interface BusinessClock {
  aheadMs: number;
  sinceMs: number;
  rate: number;
}

const unmoved: BusinessClock = { aheadMs: 0, sinceMs: 0, rate: 1 };

type Reading = { databaseMs: number } & (BusinessClock | { [key in keyof BusinessClock]: null });

/**
 * The time of all servers: the database's clock, and business time, which a row keeps ahead of it. Between two looks at
 * the database the clock advances by the time elapsed on this machine.
 */
export class DatabaseClock implements Clock {
  readonly #pool: Pool;
  readonly #machine: MachineTime;
  #aheadOfElapsedMs = 0;
  #business = unmoved;
  #latestMs = 0;
  /** When the look was asked whose answer counts. */
  #askedAt = Number.NEGATIVE_INFINITY;

  private constructor(pool: Pool, machine: MachineTime) {
    this.#pool = pool;
    this.#machine = machine;
  }

  static async open(pool: Pool, machine = thisMachine): Promise<DatabaseClock> {
    const clock = new DatabaseClock(pool, machine);
    await clock.look();
    // The first look may have had to open a connection.
    await clock.look();
    return clock;
  }

  realNow(): Date {
    this.#latestMs = Math.max(this.#latestMs, Math.floor(this.#realMs()));
    return new Date(this.#latestMs);
  }

  now(): Date {
    const { aheadMs, sinceMs, rate } = this.#business;
    const realMs = this.realNow().getTime();
    return new Date(realMs + aheadMs + Math.floor(Math.max(0, realMs - sinceMs) * (rate - 1)));
  }

  toReal(businessTime: Date): Date {
    const { aheadMs, sinceMs, rate } = this.#business;
    const realMs = businessTime.getTime() - aheadMs;
    return new Date(realMs <= sinceMs ? realMs : sinceMs + (realMs - sinceMs) / rate);
  }

  rate(): number {
    return this.#business.rate;
  }

  elapsedMs(): number {
    return this.#machine.elapsedMs();
  }

  /** How far the machine's wall clock is ahead of the database's, in milliseconds. */
  get wallAheadMs(): number {
    return Math.round(this.#machine.wallMs() - this.#realMs());
  }

  /**
   * Reads the database's clock. The reading happened between request and answer, which bounds the true time. The clock
   * moves, to the middle of the bounds, only when it lies outside them.
   */
  async look(): Promise<void> {
    const askedAt = this.#machine.elapsedMs();
    const { rows } = await this.#pool.query<Reading>(reading);
    const answeredAt = this.#machine.elapsedMs();
    // A later look was answered before this one.
    if (askedAt < this.#askedAt) return;
    this.#askedAt = askedAt;
    const { databaseMs, aheadMs, sinceMs, rate } = rows[0] as Reading;
    const [least, most] = [databaseMs - answeredAt, databaseMs - askedAt];
    if (this.#aheadOfElapsedMs < least || this.#aheadOfElapsedMs > most) this.#set((least + most) / 2);
    this.#business = rate === null ? unmoved : { aheadMs, sinceMs, rate };
  }

  #realMs(): number {
    return this.#machine.elapsedMs() + this.#aheadOfElapsedMs;
  }

  #set(aheadOfElapsedMs: number): void {
    if (aheadOfElapsedMs < this.#aheadOfElapsedMs - stepMs) this.#latestMs = 0;
    this.#aheadOfElapsedMs = aheadOfElapsedMs;
  }
}

/** Synchronizes the server's time with the database's, and warns when the machine's wall clock is off. */
export function clockWorker({ clock, log }: { clock: DatabaseClock; log: Logger }): Worker {
  let off = false;
  const follow = async () => {
    await clock.look();
    const aheadMs = clock.wallAheadMs;
    if (!off && Math.abs(aheadMs) > warnFromMs) {
      log.warn({ wall_clock_ahead_ms: aheadMs }, "the machine's clock is off; this server goes by the database's");
    }
    off = Math.abs(aheadMs) > warnFromMs;
  };
  return every("clock.follow", followEveryMs, follow, { backWithinMs: followEveryMs });
}
