import { setTimeout as sleep } from "node:timers/promises";
import type { History } from "../checker/history.ts";
import type { Database } from "../stage/database.ts";

const everyMs = 1_000;

/** Finds rows that the database's constraint forbids. */
const text = `select terminal_id, count(*)::int as pending from operations
  where status = 'PENDING' group by account_id, terminal_id having count(*) > 1`;

/** Queries the database once a second during the run for terminals with two PENDING operations. */
export class ConstraintSampler {
  readonly doubles: History["doubles"] = [];
  /** Number of queries that the database answered. */
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
      await this.#query();
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #query(): Promise<void> {
    try {
      const { rows } = await this.#database.db.pool.query<{ terminal_id: string; pending: number }>(text);
      this.answers += 1;
      for (const { terminal_id: terminalId, pending } of rows) {
        this.doubles.push({ at: Date.now(), terminalId, pending });
      }
    } catch {
      // A fault has killed or paused the database. It must answer most queries, which the report shows.
    }
  }
}
