import type { Period } from "../checker/history.ts";
import { merged } from "../checker/uptime.ts";
import { createHttp } from "../clients/http.ts";
import type { Server } from "../stage/server.ts";

/** Milliseconds between two polls of a server. */
const everyMs = 100;
/** Milliseconds that a poll may take. */
const timeoutMs = 300;
/** Two polls further apart than this prove nothing about the time between them. */
const longestGapMs = 500;

/** The result of one poll of `/health/ready`. */
interface Health {
  sentAt: number;
  /** The server answers and has its database. Operations must end in time then, even if other parts are broken. */
  up: boolean;
  /** The server is ready: database, broker and workers. */
  ready: boolean;
}

/** Polls every server's health, past balancer and proxies, and records the periods in which a server was up. */
export class HealthSampler {
  readonly #servers: readonly Server[];
  readonly #last = new Map<string, Health>();
  readonly #up: Period[] = [];
  readonly #http = createHttp(16);
  readonly #stopped = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  start(): void {
    this.#running = Promise.all(this.#servers.map((server) => this.#poll(server)));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    this.#http.close();
  }

  /** Instant of the last poll of a server if it showed the server ready; otherwise 0. */
  readyAt(server: string): number {
    const last = this.#last.get(server);
    return last?.ready ? last.sentAt : 0;
  }

  isUp(server: string): boolean {
    return this.#last.get(server)?.up ?? false;
  }

  /** Returns the periods in which at least one server was up and had the database. */
  uptime(): Period[] {
    return merged(this.#up);
  }

  async #poll(server: Server): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const health = await this.#readHealth(server);
      const before = this.#last.get(server.name);
      this.#last.set(server.name, health);
      const known = before?.up && health.up && health.sentAt - before.sentAt <= longestGapMs;
      if (known) this.#addPeriod({ from: before.sentAt, to: health.sentAt });
      const rest = everyMs - (Date.now() - health.sentAt);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  /** Adds a period; extends the last period if they overlap, to keep the list short. */
  #addPeriod(period: Period): void {
    const last = this.#up.at(-1);
    if (last && last.from <= period.from && period.from <= last.to) last.to = Math.max(last.to, period.to);
    else this.#up.push(period);
  }

  async #readHealth({ port }: Server): Promise<Health> {
    const sentAt = Date.now();
    const down = { sentAt, up: false, ready: false };
    if (port === undefined) return down;
    const url = `http://127.0.0.1:${port}/health/ready`;
    const answer = await this.#http.call({ url, method: "GET", timeoutMs });
    if ("unknown" in answer) return down;
    const { database, degraded } = (answer.body ?? {}) as { database?: string; degraded?: string[] };
    return { sentAt, up: database === "up", ready: answer.status === 200 && degraded === undefined };
  }
}
