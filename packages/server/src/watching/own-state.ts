import { Counter, collectDefaultMetrics, Gauge, type Registry } from "prom-client";
import type { BackupState } from "../db/backup/schedule.ts";
import type { PoolLoad } from "../db/db.ts";
import type { WorkerHealth } from "../platform/supervisor.ts";
import { version } from "../platform/version.ts";

/** The state of a server at the moment of a scrape. */
export interface OwnState {
  brokerUp: () => boolean;
  workers: () => WorkerHealth[];
  pools: () => PoolLoad[];
  reportsWaiting: () => number;
  streams: () => number;
  wallClockAheadMs: () => number;
  ready: () => boolean;
  /** Left out where the server makes no backups by itself. */
  backups?: (() => BackupState) | undefined;
}

/** One sample: its labels, if it has some, and its value. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Adds a gauge whose samples are read when it is scraped. */
function show(
  registry: Registry,
  { name, help, labelNames = [] }: { name: string; help: string; labelNames?: string[] },
  samples: () => readonly Sample[],
): Gauge {
  return new Gauge({
    name: `tillkeeper_${name}`,
    help,
    labelNames,
    registers: [registry],
    collect() {
      for (const [labels, value] of samples()) this.set(labels, value);
    },
  });
}

/** Makes the gauges of a server's own state, and those of its process. */
export function showOwnState(registry: Registry, state: OwnState): void {
  collectDefaultMetrics({ register: registry, prefix: "tillkeeper_" });
  const single = (name: string, help: string, value: () => number) =>
    show(registry, { name, help }, () => [[{}, value()]]);
  single("started", "Whether the start is over and the server has not been told to stop.", () => Number(state.ready()));
  single("broker_up", "Whether this server can exchange messages with its broker.", () => Number(state.brokerUp()));
  single("reports_waiting", "Reports of terminals that wait to be written.", state.reportsWaiting);
  single("event_streams", "Open streams of events.", state.streams);
  single(
    "wall_clock_ahead_seconds",
    "How far this machine's clock is ahead of the database's, which the server goes by.",
    () => state.wallClockAheadMs() / 1_000,
  );
  show(
    registry,
    { name: "build_info", help: "The version of the program and of Node.", labelNames: ["version", "node"] },
    () => [[{ version, node: process.version }, 1]],
  );
  if (state.backups) showBackups(registry, state.backups);
  showPools(registry, state);
  showWorkers(registry, state);
}

function showBackups(registry: Registry, backups: () => BackupState): void {
  show(
    registry,
    { name: "backup_newest_timestamp_seconds", help: "When the newest scheduled backup was made; 0 without one." },
    () => [[{}, (backups().newestAt?.getTime() ?? 0) / 1_000]],
  );
  show(
    registry,
    {
      name: "backup_late",
      help: "Whether the last try to make a backup failed, or the newest one is twice as old as planned.",
    },
    () => [[{}, Number(backups().late)]],
  );
  const backupsMade = new Counter({
    name: "tillkeeper_backups_total",
    help: "Scheduled backups of this server, by outcome.",
    labelNames: ["outcome"],
    registers: [],
    collect() {
      const { made, failed } = backups();
      this.reset();
      this.inc({ outcome: "made" }, made);
      this.inc({ outcome: "failed" }, failed);
    },
  });
  registry.registerMetric(backupsMade);
}

function showPools(registry: Registry, { pools }: OwnState): void {
  show(
    registry,
    {
      name: "database_connections",
      help: "Connections to the database, by pool.",
      labelNames: ["pool", "state"],
    },
    () =>
      pools().flatMap(({ pool, busy, idle }): Sample[] => [
        [{ pool, state: "busy" }, busy],
        [{ pool, state: "idle" }, idle],
      ]),
  );
  show(
    registry,
    { name: "database_waiting", help: "Callers that wait for a connection of the pool.", labelNames: ["pool"] },
    () => pools().map(({ pool, waiting }) => [{ pool }, waiting]),
  );
}

function showWorkers(registry: Registry, { workers }: OwnState): Counter {
  show(
    registry,
    {
      name: "worker_up",
      help: "Whether a worker runs; 0 while it waits to be started again.",
      labelNames: ["worker"],
    },
    () => workers().map(({ name, state }) => [{ worker: name }, Number(state === "running")]),
  );
  return new Counter({
    name: "tillkeeper_worker_restarts_total",
    help: "How often a worker was started again after a failure.",
    labelNames: ["worker"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, restarts } of workers()) this.inc({ worker: name }, restarts);
    },
  });
}
