import { healthEndpoints as health } from "@tillkeeper/contract/http/health";
import type { FastifyRequest } from "fastify";
import { Answer, bind, type Route } from "../platform/http/route.ts";
import type { WorkerHealth } from "../platform/supervisor.ts";

export interface HealthDeps {
  /** Whether all is there that the server makes at its start. */
  started(): boolean;
  /** Resolves when the database answers. */
  pingDatabase(): Promise<void>;
  brokerHealthy(): boolean;
  workers(): WorkerHealth[];
  /**
   * How far this machine's clock is ahead of the database's, in milliseconds. The server goes by the database's clock.
   */
  wallClockAheadMs(): number;
}

export function healthRoutes(deps: HealthDeps): Route[] {
  return [
    bind(health.live, () => ({ status: "live" as const })),
    bind(health.ready, ({ request }) => readiness(deps, isLocal(request))),
  ];
}

/** Whether the request comes from this machine, and not through a proxy that runs on it. */
function isLocal({ ip, headers }: FastifyRequest): boolean {
  const proxied = headers["x-forwarded-for"] ?? headers.forwarded ?? headers.via;
  return proxied === undefined && /^(127\.|::1$|::ffff:127\.)/.test(ip);
}

async function readiness(deps: HealthDeps, local: boolean) {
  const database = await deps.pingDatabase().then(
    () => "up" as const,
    () => "down" as const,
  );
  const broker: "up" | "down" = deps.brokerHealthy() ? "up" : "down";
  const workers = deps.workers();
  const started = deps.started();
  const ready =
    started && database === "up" && broker === "up" && workers.every((worker) => worker.state === "running");
  const status: "ready" | "not_ready" = ready ? "ready" : "not_ready";
  return new Answer(
    {
      status,
      database,
      broker,
      ...(!started && { starting: true }),
      ...(local && { workers, wall_clock_ahead_ms: deps.wallClockAheadMs() }),
    },
    { status: ready ? 200 : 503 },
  );
}
