import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { exchange } from "@tillkeeper/stage/http/exchange";

interface Answer {
  status: number;
  body: { id?: string; status?: string };
}

interface CallerOptions {
  url: string;
  token: string;
  terminalIds: readonly string[];
  /**
   * Whether a request without an answer, or with a 503, is repeated with the same key. Otherwise both are failures.
   */
  patient: boolean;
}

const base = "/v1/admin/terminals/operations";
const operations = ["check_update", "open_menu", "send_logs", "end_of_day"] as const;
/** Seconds, long enough that an operation times out only if no terminal carries it out. */
const timeout = 300;
const pollMs = 25;

/**
 * Points of sale at work. For each terminal, a caller requests one operation after the other, over a keep-alive
 * connection.
 */
export class Callers {
  /** The ids of the operations that were answered with 201, in order. */
  readonly accepted: string[] = [];
  /** The accepted operations whose status was COMPLETED. */
  readonly completed = new Set<string>();
  /** The wrong answers, and the requests without an answer. */
  readonly failures: string[] = [];
  readonly #options: CallerOptions;
  readonly #working: Promise<void>[];
  #stopping = false;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#working = options.terminalIds.map((terminalId) => this.#work(terminalId));
  }

  /** Resolves when `count` operations accepted after this call are completed. Throws when there is a failure. */
  async more(count: number): Promise<void> {
    const from = this.accepted.length;
    while (this.accepted.slice(from).filter((id) => this.completed.has(id)).length < count && !this.#over()) {
      await sleep(pollMs);
    }
    if (this.#over()) throw new Error(this.failures.join("\n"));
  }

  /** Starts no further operations, and waits for those under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#working);
  }

  #over(): boolean {
    return this.failures.length > 0;
  }

  async #work(terminalId: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let turn = 0; !this.#stopping && !this.#over(); turn += 1) {
        const operation = operations[turn % operations.length];
        const { status, body } = await this.#ask(agent, "POST", base, { terminal_id: terminalId, operation, timeout });
        if (status !== 201 || !body.id) this.failures.push(`POST ${operation}: ${status} ${JSON.stringify(body)}`);
        else await this.#follow(agent, body.id);
      }
    } catch (error) {
      this.failures.push(`${terminalId}: ${String(error)}`);
    } finally {
      agent.destroy();
    }
  }

  async #follow(agent: Agent, id: string): Promise<void> {
    this.accepted.push(id);
    for (;;) {
      const { status, body } = await this.#ask(agent, "GET", `${base}/${id}`);
      if (status === 200 && body.status === "COMPLETED") return void this.completed.add(id);
      if (status !== 200 || body.status !== "PENDING") {
        return void this.failures.push(`GET ${id}: ${status} ${JSON.stringify(body)}`);
      }
      await sleep(pollMs);
    }
  }

  async #ask(agent: Agent, method: string, path: string, body?: object): Promise<Answer> {
    const { url, token, patient } = this.#options;
    const headers = { authorization: `Bearer ${token}`, "idempotency-key": randomUUID() };
    const json = body && { "content-type": "application/json" };
    const outgoing = { agent, method, headers: { ...headers, ...json }, body: body && JSON.stringify(body) };
    for (;;) {
      try {
        const { status, text } = await exchange(`${url}${path}`, outgoing);
        if (!patient || status !== 503) return { status, body: JSON.parse(text) };
      } catch (error) {
        if (!patient) throw new Error(`${method} ${path}: ${String(error)}`, { cause: error });
      }
      await sleep(pollMs);
    }
  }
}
