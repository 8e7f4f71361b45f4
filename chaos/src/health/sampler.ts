import type { Period } from "../checker/history.ts";
import { merged } from "../checker/uptime.ts";
import { createHttp } from "../clients/http.ts";
import type { Server } from "../stage/server.ts";

/** Milliseconds between two looks at a server, and how long one may take. */
const everyMs = 100;
const patienceMs = 300;
/** A look that comes later than this after the last one says nothing about the time between them. */
const longestGapMs = 500;

/** What a look at `/health/ready` showed. */
interface Health {
  sentAt: number;
  /** The server answers, and has its database. Operations must end in time then, whatever else is broken. */
  up: boolean;
  /** All of it: broker and workers too. */
  ready: boolean;
}

/** Looks at every server's health, past balancer and proxies, and keeps account of when there was one. */
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
    this.#running = Promise.all(this.#servers.map((server) => this.#follow(server)));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    this.#http.close();
  }

  /** When the server was last asked and said that it is ready; 0 when its last answer was another. */
  readyAt(server: string): number {
    const last = this.#last.get(server);
    return last?.ready ? last.sentAt : 0;
  }

  isUp(server: string): boolean {
    return this.#last.get(server)?.up ?? false;
  }

  /** When at least one server was up and had the database. */
  uptime(): Period[] {
    return merged(this.#up);
  }

  async #follow(server: Server): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const health = await this.#look(server);
      const before = this.#last.get(server.name);
      this.#last.set(server.name, health);
      const known = before?.up && health.up && health.sentAt - before.sentAt <= longestGapMs;
      if (known) this.#note({ from: before.sentAt, to: health.sentAt });
      const rest = everyMs - (Date.now() - health.sentAt);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  /** Keeps the list short while a server stays up. */
  #note(period: Period): void {
    const last = this.#up.at(-1);
    if (last && last.from <= period.from && period.from <= last.to) last.to = Math.max(last.to, period.to);
    else this.#up.push(period);
  }

  async #look({ port }: Server): Promise<Health> {
    const sentAt = Date.now();
    const down = { sentAt, up: false, ready: false };
    if (port === undefined) return down;
    const url = `http://127.0.0.1:${port}/health/ready`;
    const answer = await this.#http.call({ url, method: "GET", timeoutMs: patienceMs });
    if ("unknown" in answer) return down;
    const { database } = (answer.body ?? {}) as { database?: string };
    return { sentAt, up: database === "up", ready: answer.status === 200 };
  }
}
