import { CheckProxy } from "../../src/check-client/proxy.ts";
import { playScenario } from "../../src/check-client/run.ts";
import type { RunLog } from "../../src/check-client/run-log.ts";
import { allScenarios } from "../../src/check-client/scenarios.ts";
import { type CheckTerminal, TestServer } from "../../src/check-client/test-server.ts";

/** A program to play with, and what else it finds in its environment. */
export interface Played {
  command: readonly string[];
  env?: Record<string, string>;
}

/** One server with several proxies before it, so that programs are played with at the same time. */
export class Bench {
  readonly server: TestServer;
  readonly #proxies: readonly CheckProxy[];
  readonly #free: CheckProxy[];
  readonly #waiting: ((proxy: CheckProxy) => void)[] = [];
  readonly #ended = new AbortController();
  #played = 0;

  private constructor(server: TestServer, proxies: readonly CheckProxy[]) {
    this.server = server;
    this.#proxies = proxies;
    this.#free = [...proxies];
  }

  /** `runs`: how many scenarios will be played; each has a terminal of its own. */
  static async open(width: number, runs: number): Promise<Bench> {
    const proxies = await Promise.all(Array.from({ length: width }, () => CheckProxy.open("127.0.0.1", 0)));
    const server = await TestServer.open(
      proxies.map(({ url }) => new URL(url).host),
      runs,
    );
    for (const proxy of proxies) proxy.target = server.url;
    return new Bench(server, proxies);
  }

  /** Plays these scenarios with a program, as soon as there is a proxy for each. */
  play(names: readonly string[], { command, env = {} }: Played): Promise<RunLog[]> {
    const scenarios = allScenarios.filter(({ name }) => names.includes(name));
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return Promise.all(
      scenarios.map(async (scenario) => {
        const proxy = await this.#take();
        const terminal = this.server.terminals[this.#played % this.server.terminals.length] as CheckTerminal;
        this.#played += 1;
        try {
          return await playScenario(scenario, terminal, {
            server: this.server,
            proxy,
            command: ["env", ...variables, ...command],
            seconds: 60,
            signal: this.#ended.signal,
            overheard: (line) => (process.env["TEST_LOG"] === "1" ? console.error(line) : undefined),
          });
        } finally {
          this.#give(proxy);
        }
      }),
    );
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.server.stop();
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  #take(): Promise<CheckProxy> {
    const free = this.#free.pop();
    return free ? Promise.resolve(free) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(proxy: CheckProxy): void {
    const next = this.#waiting.shift();
    if (next) next(proxy);
    else this.#free.push(proxy);
  }
}
