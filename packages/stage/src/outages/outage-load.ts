import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { basic } from "../accounts/tokens.ts";
import { type Call, type Tenant, type TestServer } from "../servers/test-server.ts";

interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  body: any;
}

const base = "/v1/admin/terminals/operations";
const operations = ["check_update", "open_menu", "send_logs", "end_of_day"] as const;
/** Seconds, long enough that an operation times out only if no terminal carries it out. */
const timeout = 300;
const pauseMs = 10;

/**
 * Keeps doing every kind of work that needs the database, while the database fails. Each answer must be correct or a
 * documented 503, after which the request is repeated. Any other answer is recorded as a violation.
 */
export class OutageLoad {
  readonly accepted = new Set<string>();
  readonly stores = new Set<string>();
  readonly violations: string[] = [];
  /** The number of completed turns so far, by kind of work. */
  readonly done = new Map<string, number>();
  refused = 0;
  readonly #server: TestServer;
  readonly #tenant: Tenant;
  readonly #terminalIds: readonly string[];
  readonly #working: Promise<void>[];
  #stopping = false;

  constructor(server: TestServer, tenant: Tenant, terminalIds: readonly string[]) {
    this.#server = server;
    this.#tenant = tenant;
    this.#terminalIds = terminalIds;
    this.#working = [
      ...terminalIds.map((terminalId) => this.#repeat("operations", (turn) => this.#operate(terminalId, turn))),
      this.#repeat("stores", (turn) => this.#makeStore(`N${turn}`)),
      this.#repeat("tokens", () => this.#getToken()),
      ...["stores", "terminals", "operations"].map((list) => this.#repeat(`list of ${list}`, () => this.#read(list))),
    ];
  }

  /** Resolves when each kind of work was completed `count` more times. Throws when there is a violation. */
  async more(count: number): Promise<void> {
    const before = new Map(this.done);
    const lags = ([kind, times]: [string, number]) => times < (before.get(kind) ?? 0) + count;
    while ([...this.done].some(lags)) {
      if (this.violations.length > 0) throw new Error(this.violations.join("\n"));
      await sleep(pauseMs);
    }
  }

  /** Resolves when `count` more requests got a 503. Throws when there is a violation. */
  async refusals(count: number): Promise<void> {
    const enough = this.refused + count;
    while (this.refused < enough) {
      if (this.violations.length > 0) throw new Error(this.violations.join("\n"));
      await sleep(pauseMs);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#working);
  }

  async #repeat(kind: string, work: (turn: number) => Promise<void>): Promise<void> {
    this.done.set(kind, this.done.get(kind) ?? 0);
    for (let turn = 0; !this.#stopping && this.violations.length === 0; turn += 1) {
      try {
        await work(turn);
        this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
        await sleep(pauseMs);
      } catch (error) {
        this.violations.push(`${kind}: ${String(error)}`);
      }
    }
  }

  /** Repeats a request until its answer is not a 503. Returns that answer, with the number of 503s before it. */
  async #ask(method: string, path: string, call: Call): Promise<{ reply: Reply; refusals: number }> {
    for (let refusals = 0; ; refusals += 1) {
      const reply = await this.#server.call(method, path, call);
      if (reply.status !== 503) return { reply, refusals };
      const wait = reply.headers.get("retry-after") ?? "";
      if (!/^[1-9]\d*$/.test(wait) || reply.body.error?.code !== "service_unavailable") throw asError(path, reply);
      this.refused += 1;
      await sleep(pauseMs);
    }
  }

  async #operate(terminalId: string, turn: number): Promise<void> {
    const { token } = this.#tenant;
    const body = { terminal_id: terminalId, operation: operations[turn % operations.length], timeout };
    const headers = { "idempotency-key": randomUUID() };
    const { reply } = await this.#ask("POST", base, { token, body, headers });
    if (reply.status !== 201) throw asError(base, reply);
    const { id } = reply.body;
    this.accepted.add(id);
    for (;;) {
      const { reply: seen } = await this.#ask("GET", `${base}/${id}`, { token });
      if (seen.status === 200 && seen.body.status === "COMPLETED") return;
      if (seen.status !== 200 || seen.body.status !== "PENDING") throw asError(`${base}/${id}`, seen);
      await sleep(pauseMs);
    }
  }

  async #makeStore(storeId: string): Promise<void> {
    const { token, aid } = this.#tenant;
    const path = `/v1/accounts/${aid}/stores`;
    const { reply, refusals } = await this.#ask("POST", path, { token, body: { store_id: storeId } });
    // A server may store the store and still answer 503; then the repeated request gets a 409.
    const repeated = refusals > 0 && reply.status === 409;
    if (reply.status !== 201 && !repeated) throw asError(path, reply);
    this.stores.add(storeId);
    const { reply: seen } = await this.#ask("GET", `${path}/${storeId}`, { token });
    if (seen.status !== 200) throw asError(`${path}/${storeId}`, seen);
  }

  async #getToken(): Promise<void> {
    const { aid, clientId, secret } = this.#tenant;
    const path = `/v1/accounts/${aid}/auth/token`;
    const { reply } = await this.#ask("POST", path, {
      headers: { authorization: basic(clientId, secret) },
      body: { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${aid}` },
    });
    if (reply.status !== 200) throw asError(path, reply);
  }

  /** Reads a list. Its entries stay, so it is never shorter than what was created before. */
  async #read(list: string): Promise<void> {
    const { token, aid } = this.#tenant;
    const path = list === "operations" ? base : `/v1/accounts/${aid}/${list}`;
    const least = { stores: 1 + this.stores.size, terminals: this.#terminalIds.length, operations: this.accepted.size };
    const { reply } = await this.#ask("GET", `${path}?limit=100`, { token });
    const found = list === "operations" ? reply.body : reply.body[list];
    if (reply.status !== 200 || found.length < Math.min(least[list as keyof typeof least], 100)) {
      throw new Error(`${path} answers ${reply.status} with ${found?.length} of ${JSON.stringify(least)}`);
    }
  }
}

function asError(path: string, { status, headers, body }: Reply): Error {
  return new Error(`${path} answers ${status}, retry-after ${headers.get("retry-after")}: ${JSON.stringify(body)}`);
}
