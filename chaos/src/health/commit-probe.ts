import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Instant, Period } from "../checker/history.ts";
import { merged } from "../checker/uptime.ts";

const everyMs = 100;
/** A commit that takes longer does not count as one: PostgreSQL may be waiting for its standby. */
const withinMs = 300;
/** Two commits further apart than this prove nothing about the time between them. */
const longestGapMs = 500;

/**
 * Commits a row again and again. A leader without its standby answers questions and ends no transaction, which the
 * health of a server cannot show.
 */
export class CommitProbe {
  readonly #config: pg.ClientConfig;
  readonly #periods: Period[] = [];
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** Instant at which the last commit was sent. */
  lastAt: Instant = 0;

  constructor(config: pg.ClientConfig) {
    this.#config = { ...config, connectionTimeoutMillis: 2_000, query_timeout: withinMs };
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  /** Returns the periods between two commits that both came in time. */
  periods(): Period[] {
    return merged(this.#periods);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#useConnection(signal).catch(() => undefined);
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Commits on one connection, until one commit fails. */
  async #useConnection(signal: AbortSignal): Promise<void> {
    const client = new pg.Client(this.#config);
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("create table if not exists beats (id int primary key, at timestamptz)");
      while (!signal.aborted) {
        const sentAt = Date.now();
        await client.query("insert into beats values (1, now()) on conflict (id) do update set at = excluded.at");
        if (sentAt - this.lastAt <= longestGapMs) this.#periods.push({ from: this.lastAt, to: sentAt });
        this.lastAt = sentAt;
        await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      // A connection that hangs would let an orderly end wait.
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    }
  }
}
