import type { Pool } from "pg";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { every, type Worker } from "../platform/worker.ts";

/** What a machine knows of time by itself: its wall clock, which may be wrong, and how much passes. */
export interface MachineTime {
  wallMs(): number;
  elapsedMs(): number;
}

const thisMachine: MachineTime = { wallMs: () => Date.now(), elapsedMs: () => performance.now() };

/** Less is how clocks are kept right; the time stands still for as long where that goes back. More is a clock that was set. */
const stepMs = 1_000;
const followEveryMs = 1_000;
/** Nothing depends on the machine's wall clock, but its log is told by it. */
const toldFromMs = 1_000;

const reading = {
  name: "read_clock",
  text: `select extract(epoch from clock_timestamp())::float8 * 1000 as "databaseMs",
    coalesce((select ahead_ms from business_clock where one), 0)::float8 as "aheadMs"`,
};

/**
 * The one time of all servers: the database's clock, and business time as far ahead of it as a row says. Between two looks
 * at them it goes by the time that passes on this machine.
 */
export class DatabaseClock implements Clock {
  readonly #pool: Pool;
  readonly #machine: MachineTime;
  #aheadOfElapsedMs = 0;
  #businessAheadMs = 0;
  #latestMs = 0;

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
    return new Date(this.realNow().getTime() + this.#businessAheadMs);
  }

  toReal(businessTime: Date): Date {
    return new Date(businessTime.getTime() - this.#businessAheadMs);
  }

  elapsedMs(): number {
    return this.#machine.elapsedMs();
  }

  /** How far the machine's wall clock is ahead of the database's, in milliseconds. */
  get wallAheadMs(): number {
    return Math.round(this.#machine.wallMs() - this.#realMs());
  }

  /**
   * Looks at the database's clock. It was read between question and answer, so a look says within which bounds the time
   * lies; only where it does not, it moves to their middle.
   */
  async look(): Promise<void> {
    const askedAt = this.#machine.elapsedMs();
    const { rows } = await this.#pool.query<{ databaseMs: number; aheadMs: number }>(reading);
    const answeredAt = this.#machine.elapsedMs();
    const { databaseMs, aheadMs } = rows[0] as (typeof rows)[0];
    const [least, most] = [databaseMs - answeredAt, databaseMs - askedAt];
    if (this.#aheadOfElapsedMs < least || this.#aheadOfElapsedMs > most) this.#set((least + most) / 2);
    this.#businessAheadMs = aheadMs;
  }

  #realMs(): number {
    return this.#machine.elapsedMs() + this.#aheadOfElapsedMs;
  }

  #set(aheadOfElapsedMs: number): void {
    if (aheadOfElapsedMs < this.#aheadOfElapsedMs - stepMs) this.#latestMs = 0;
    this.#aheadOfElapsedMs = aheadOfElapsedMs;
  }
}

/** Keeps the server's time with the database's, and says when the machine's wall clock is off. */
export function clockWorker({ clock, log }: { clock: DatabaseClock; log: Logger }): Worker {
  let off = false;
  const follow = async () => {
    await clock.look();
    const aheadMs = clock.wallAheadMs;
    if (!off && Math.abs(aheadMs) > toldFromMs) {
      log.warn({ wall_clock_ahead_ms: aheadMs }, "the machine's clock is off; this server goes by the database's");
    }
    off = Math.abs(aheadMs) > toldFromMs;
  };
  return every("clock.follow", followEveryMs, follow, { backWithinMs: followEveryMs });
}
