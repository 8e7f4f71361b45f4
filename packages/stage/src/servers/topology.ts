import type { Config } from "@tillkeeper/server/config/config";
import type { VirtualTerminalHost } from "@tillkeeper/server/virtual-terminals/virtual-terminals";
import type { TestClock } from "./test-clock.ts";

export interface TopologyOptions {
  /** Settings that override those of `testConfig`. */
  config: Partial<Config>;
  databaseUrl: string;
  virtualTerminalHost: VirtualTerminalHost | undefined;
  /** Whether the server joins those that already run on this database. */
  further: boolean;
  /** The parent of the data folder. */
  folder: string;
}

/** One server or several, with one interface for the tests. */
export interface Topology {
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly clock: TestClock;
  /**
   * Whether each request needs a connection of its own, because the balancer assigns connections and not requests.
   */
  readonly spreads: boolean;
  /** The URL of each server. */
  readonly urls: readonly string[];
  /** Returns the number of connections that the balancer has given to each server. */
  carried(): number[];
  /** Resolves when every server has set its clock to the test's. */
  settled(): Promise<void>;
  restart(meanwhile?: () => void): Promise<void>;
  stop(): Promise<void>;
}

/** The settings of test servers, unless a test overrides them. */
export const testConfig = {
  http: { host: "127.0.0.1", port: { number: 0, configured: true } },
  mqtt: { port: { number: 0, configured: true }, outsideUrl: undefined },
  publicUrl: undefined,
  audienceHosts: ["api.dintero.com", "checkout.dintero.com", "test.dintero.com"],
  tokenLifetimeSeconds: 14_400,
  sandboxClient: undefined,
  logLevel: "silent",
  // Each connection costs PostgreSQL a process, which plans every statement anew; a server opens all of them when it starts.
  databaseConnections: { plain: 5, hot: 3, urgent: 2 },
} as const satisfies Partial<Config>;
