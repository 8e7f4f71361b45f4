import { healthEndpoints as health } from "@tillkeeper/contract/http/health";
import type { FastifyRequest } from "fastify";
import { Answer, bind, type Route } from "../platform/http/route.ts";
import type { WorkerHealth } from "../platform/supervisor.ts";

export interface HealthDeps {
  /** Whether all is there that the server makes at its start. */
  started(): boolean;
  /** Whether the server was told to stop. */
  stopping(): boolean;
  /** Resolves when the database answers. */
  pingDatabase(): Promise<void>;
  brokerHealthy(): boolean;
  /** Whether backups are made as planned; true where none are. */
  backupsInTime(): boolean;
  workers(): WorkerHealth[];
  /**
   * How far this machine's clock is ahead of the database's, in milliseconds. The server goes by the database's clock.
   */
  wallClockAheadMs(): number;
}

export function healthRoutes(deps: HealthDeps): Route[] {
  return [
    bind(health.live, () => ({ status: "live" as const })),
    bind(health.startup, () => {
      const started = deps.started();
      const status: "started" | "starting" = started ? "started" : "starting";
      return new Answer({ status }, { status: started ? 200 : 503 });
    }),
    bind(health.ready, ({ request }) => readiness(deps, isLocal(request))),
  ];
}

/** From these differences on a machine's clock is off, and wrong: its log, and what else runs there, has other times. */
const offFromMs = 1_000;
const wrongFromMs = 5_000;

/** How a clock is that differs so much from the database's. */
export function clockState(aheadMs: number): "right" | "off" | "wrong" {
  const apart = Math.abs(aheadMs);
  if (apart > wrongFromMs) return "wrong";
  return apart > offFromMs ? "off" : "right";
}

/** Whether the request comes from this machine, and not through a proxy that runs on it. */
function isLocal({ ip, headers }: FastifyRequest): boolean {
  const proxied = headers["x-forwarded-for"] ?? headers.forwarded ?? headers.via;
  return proxied === undefined && /^(127\.|::1$|::ffff:127\.)/.test(ip);
}

/**
 * Ready means that the server can answer. A part that is broken for all servers at once, as the broker, must not take all of them out: most requests
 * do not need it, and those that do are kept. It is shown instead.
 */
async function readiness(deps: HealthDeps, local: boolean) {
  const database = await deps.pingDatabase().then(
    () => "up" as const,
    () => "down" as const,
  );
  const broker: "up" | "down" = deps.brokerHealthy() ? "up" : "down";
  const clock = clockState(deps.wallClockAheadMs());
  const workers = deps.workers();
  const started = deps.started();
  const stopping = deps.stopping();
  const ready = started && !stopping && database === "up" && clock !== "wrong";
  const degraded = [
    ...(broker === "up" ? [] : (["broker"] as const)),
    ...(workers.every((worker) => worker.state === "running") ? [] : (["workers"] as const)),
    ...(clock === "right" ? [] : (["clock"] as const)),
    ...(deps.backupsInTime() ? [] : (["backups"] as const)),
  ];
  const status: "ready" | "not_ready" = ready ? "ready" : "not_ready";
  return new Answer(
    {
      status,
      database,
      broker,
      clock,
      ...(degraded.length > 0 && { degraded }),
      ...(!started && { starting: true }),
      ...(stopping && { stopping: true }),
      ...(local && { workers, wall_clock_ahead_ms: deps.wallClockAheadMs() }),
    },
    { status: ready ? 200 : 503 },
  );
}
