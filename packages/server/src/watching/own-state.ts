import { Counter, collectDefaultMetrics, Gauge, type Registry } from "prom-client";
import type { PoolLoad } from "../db/db.ts";
import type { WorkerHealth } from "../platform/supervisor.ts";
import { version } from "../platform/version.ts";

/** What a server knows of itself at the moment of a scrape. */
export interface OwnState {
  brokerUp: () => boolean;
  workers: () => WorkerHealth[];
  pools: () => PoolLoad[];
  reportsWaiting: () => number;
  streams: () => number;
  wallClockAheadMs: () => number;
  ready: () => boolean;
}

/** Makes the gauges of a server's own state, which are read when they are scraped, and those of its process. */
export function showOwnState(registry: Registry, state: OwnState): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "tillkeeper_" });
  const single = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `tillkeeper_${name}`,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  single("started", "Whether the start is over and the server has not been told to stop.", () => Number(state.ready()));
  single("broker_up", "Whether this server can exchange messages with its broker.", () => Number(state.brokerUp()));
  single("reports_waiting", "Reports of terminals that wait to be written.", state.reportsWaiting);
  single("event_streams", "Open streams of events.", state.streams);
  single(
    "wall_clock_ahead_seconds",
    "How far this machine's clock is ahead of the database's, which the server goes by.",
    () => state.wallClockAheadMs() / 1_000,
  );
  new Gauge({
    name: "tillkeeper_worker_up",
    help: "Whether a worker runs; 0 while it waits to be started again.",
    labelNames: ["worker"],
    registers,
    collect() {
      for (const { name, state: of } of state.workers()) this.set({ worker: name }, Number(of === "running"));
    },
  });
  new Counter({
    name: "tillkeeper_worker_restarts_total",
    help: "How often a worker was started again after a failure.",
    labelNames: ["worker"],
    registers,
    collect() {
      this.reset();
      for (const { name, restarts } of state.workers()) this.inc({ worker: name }, restarts);
    },
  });
  new Gauge({
    name: "tillkeeper_database_connections",
    help: "Connections to the database, by pool.",
    labelNames: ["pool", "state"],
    registers,
    collect() {
      for (const { pool, busy, idle } of state.pools()) {
        this.set({ pool, state: "busy" }, busy);
        this.set({ pool, state: "idle" }, idle);
      }
    },
  });
  new Gauge({
    name: "tillkeeper_database_waiting",
    help: "Callers that wait for a connection of the pool.",
    labelNames: ["pool"],
    registers,
    collect() {
      for (const { pool, waiting } of state.pools()) this.set({ pool }, waiting);
    },
  });
  new Gauge({
    name: "tillkeeper_build_info",
    help: "The version of the program and of Node.",
    labelNames: ["version", "node"],
    registers,
  }).set({ version, node: process.version }, 1);
}
