import type { Config } from "../config/config.ts";
import type { Closing } from "../platform/closing.ts";
import { listen } from "../platform/listen.ts";
import type { Supervisor } from "../platform/supervisor.ts";
import { metricsServer } from "../watching/endpoint.ts";
import { createFigures } from "../watching/figures.ts";
import { showOwnState } from "../watching/own-state.ts";
import type { Core } from "./core.ts";
import type { DeviceSide } from "./device-side.ts";

interface MetricsParts {
  supervisor: Supervisor;
  /** Whether the start is over and the server has not been told to stop. */
  ready: () => boolean;
}

/** Answers `/metrics` where the settings say so. Resolves with its address. */
export async function openMetrics(
  core: Core,
  { device, transport }: DeviceSide,
  closing: Closing,
  { supervisor, ready }: MetricsParts,
): Promise<string | undefined> {
  const { config, db, clock, log, databaseClock, eventStreams } = core;
  const { registry } = core.metrics;
  if (!config.metrics) return undefined;
  showOwnState(registry, {
    ready,
    brokerUp: () => transport.healthy(),
    workers: () => supervisor.health(),
    pools: () => db.loads(),
    reportsWaiting: () => device.reports.waiting(),
    streams: () => eventStreams.count,
    wallClockAheadMs: () => databaseClock.wallAheadMs,
    backups: core.backups && (() => (core.backups as NonNullable<typeof core.backups>).state()),
  });
  const server = metricsServer({ registry, refresh: createFigures({ db, clock, registry }), log });
  const { host, port } = config.metrics;
  const number = await listen(server, host, port, "TILLKEEPER_METRICS_PORT");
  closing.add(() => {
    server.closeAllConnections();
    server.close();
    registry.clear();
  });
  return urlOf(host, number);
}

function urlOf(host: Config["http"]["host"], port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/metrics`;
}
