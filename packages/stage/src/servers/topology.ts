import type { Config } from "@tillkeeper/server/config/config";
import type { VirtualTerminalHost } from "@tillkeeper/server/virtual-terminals/virtual-terminals";
import type { TestClock } from "./test-clock.ts";

export interface TopologyOptions {
  /** Over what the tests run with. */
  config: Partial<Config>;
  databaseUrl: string;
  virtualTerminalHost: VirtualTerminalHost | undefined;
  /** It joins those that run on this database. */
  further: boolean;
  /** Where its data is put. */
  folder: string;
}

/** One server or several, as the tests see them. */
export interface Topology {
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly clock: TestClock;
  /** Whether each request needs a connection of its own, because a connection goes to one server. */
  readonly spreads: boolean;
  /** The servers one by one. */
  readonly urls: readonly string[];
  /** How many connections the balancer has given to each of them. */
  carried(): number[];
  /** Resolves when every server has the time that the clock was set to. */
  settled(): Promise<void>;
  restart(meanwhile?: () => void): Promise<void>;
  stop(): Promise<void>;
}

/** What servers of tests run with, unless a test says otherwise. */
export const testConfig = {
  http: { host: "127.0.0.1", port: { number: 0, configured: true } },
  mqtt: { port: { number: 0, configured: true }, outsideUrl: undefined },
  publicUrl: undefined,
  audienceHosts: ["api.dintero.com", "checkout.dintero.com"],
  tokenLifetimeSeconds: 14_400,
  sandboxClient: undefined,
  logLevel: "silent",
} as const satisfies Partial<Config>;
