import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import type { WorkerHealth } from "../platform/worker.ts";

export interface HealthDeps {
  /** Resolves when the database answers. */
  pingDatabase(): Promise<void>;
  brokerHealthy(): boolean;
  workers(): WorkerHealth[];
  /** How far the machine's clock is ahead of the database's, by which the server goes. */
  wallClockAheadMs(): number;
}

const tag = "Health";
const Part = Type.Enum(["up", "down"]);
const Readiness = Type.Object({
  status: Type.Enum(["ready", "not_ready"]),
  database: Part,
  broker: Part,
  workers: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        state: Type.Enum(["running", "restarting", "stopped"]),
        restarts: Type.Integer(),
      }),
      { description: "Shown to callers on the server's own machine." },
    ),
  ),
  wall_clock_ahead_ms: Type.Optional(
    Type.Integer({
      description:
        "How far the machine's clock is ahead of the database's, by which the server goes. Shown to callers on the server's own machine.",
    }),
  ),
});

export function healthRoutes(deps: HealthDeps): Route[] {
  return [
    route({
      method: "GET",
      path: "/health/live",
      scopes: "public",
      id: "health_live",
      summary: "The process answers",
      tag,
      schemas: { responses: { 200: Type.Object({ status: Type.Literal("live") }) } },
      handle: () => ({ status: 200, body: { status: "live" } }),
    }),
    route({
      method: "GET",
      path: "/health/ready",
      scopes: "public",
      id: "health_ready",
      summary: "Database, broker and workers are up",
      tag,
      schemas: { responses: { 200: Readiness, 503: Readiness } },
      handle: ({ request }) => readiness(deps, isLocal(request)),
    }),
  ];
}

/** Asked on this machine, and not through a proxy that runs on it. */
function isLocal({ ip, headers }: FastifyRequest): boolean {
  const proxied = headers["x-forwarded-for"] ?? headers.forwarded ?? headers.via;
  return proxied === undefined && /^(127\.|::1$|::ffff:127\.)/.test(ip);
}

async function readiness(deps: HealthDeps, local: boolean) {
  const database = await deps.pingDatabase().then(
    () => "up",
    () => "down",
  );
  const broker = deps.brokerHealthy() ? "up" : "down";
  const workers = deps.workers();
  const ready = database === "up" && broker === "up" && workers.every((worker) => worker.state === "running");
  const status = ready ? "ready" : "not_ready";
  return {
    status: ready ? 200 : 503,
    body: { status, database, broker, ...(local && { workers, wall_clock_ahead_ms: deps.wallClockAheadMs() }) },
  };
}
