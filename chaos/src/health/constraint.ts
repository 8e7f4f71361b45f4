import { setTimeout as sleep } from "node:timers/promises";
import type { History } from "../checker/history.ts";
import type { Database } from "../stage/database.ts";

const everyMs = 1_000;

/** What the constraint of the database forbids, asked of the database itself. */
const text = `select terminal_id, count(*)::int as pending from operations
  where status = 'PENDING' group by account_id, terminal_id having count(*) > 1`;

/** Asks the database, for as long as the run goes, whether a terminal has two PENDING operations. */
export class ConstraintSampler {
  readonly doubles: History["doubles"] = [];
  /** How often it answered. */
  answers = 0;
  readonly #database: Database;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#ask();
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #ask(): Promise<void> {
    try {
      const { rows } = await this.#database.db.pool.query<{ terminal_id: string; pending: number }>(text);
      this.answers += 1;
      for (const { terminal_id: terminalId, pending } of rows) {
        this.doubles.push({ at: Date.now(), terminalId, pending });
      }
    } catch {
      // The database is being killed or paused. It must answer most of the time, which the report shows.
    }
  }
}
