import type pg from "pg";

/** The simulated time, as servers have it: the database's clock and what business time is ahead of it. */
export class SimulatedClock {
  readonly #database: pg.Pool;
  #aheadMs = 0;

  constructor(database: pg.Pool) {
    this.#database = database;
  }

  readonly now = (): number => Date.now() + this.#aheadMs;

  /** Moves the clock ahead to the instant, as the sandbox's clock does; does nothing if it is there already. */
  async moveTo(at: number): Promise<void> {
    if (at <= this.now()) return;
    const { rows } = await this.#database.query<{ outcome: string }>(
      "select tillkeeper_move_clock($1::timestamptz, null, 1) as outcome",
      [new Date(at)],
    );
    if (rows[0]?.outcome !== "moved") throw new Error(`the clock was not moved: ${rows[0]?.outcome}`);
    const { rows: clock } = await this.#database.query<{ ahead_ms: string }>("select ahead_ms from business_clock");
    this.#aheadMs = Number(clock[0]?.ahead_ms);
  }
}
