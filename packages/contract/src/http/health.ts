import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";

const tag = "Health";
const Part = Type.Enum(["up", "down"]);
const Readiness = Type.Object({
  status: Type.Enum(["ready", "not_ready"]),
  database: Part,
  broker: Part,
  clock: Type.Enum(["right", "off", "wrong"], {
    description:
      "The machine's clock beside the database's, which the server uses. off: by more than 1 second. wrong: by more than 5 seconds, and the server is not ready.",
  }),
  degraded: Type.Optional(
    Type.Array(Type.Enum(["broker", "workers", "clock", "backups"]), {
      description:
        "What is broken without keeping the server from answering. broker: no messages of terminals come or go here. workers: at least one is being started again after a failure. clock: it is off. backups: the last scheduled backup failed, or the newest one is twice as old as planned.",
    }),
  ),
  stopping: Type.Optional(
    Type.Boolean({
      description: "true once the server was told to stop: it still answers, and wants no new requests.",
    }),
  ),
  starting: Type.Optional(
    Type.Boolean({
      description:
        "true until the server has started. A sandbox has when its account, stores and terminals are there and `sandbox.json` is written.",
    }),
  ),
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
        "Milliseconds by which the machine's clock is ahead of the database's, which the server uses. Shown to callers on the server's own machine.",
    }),
  ),
});

const Startup = Type.Object({ status: Type.Enum(["started", "starting"]) });

export const healthEndpoints = {
  live: endpoint({
    method: "GET",
    path: "/health/live",
    scopes: "public",
    id: "health_live",
    summary: "The process answers",
    tag,
    answers: { 200: Type.Object({ status: Type.Literal("live") }) },
    outsideSdk: "for monitoring",
  }),
  startup: endpoint({
    method: "GET",
    path: "/health/startup",
    scopes: "public",
    id: "health_startup",
    summary: "The start is over",
    tag,
    answers: { 200: Startup, 503: Startup },
    outsideSdk: "for monitoring",
  }),
  ready: endpoint({
    method: "GET",
    path: "/health/ready",
    scopes: "public",
    id: "health_ready",
    summary: "The server can answer: it has started, is not stopping, has its database, and its clock is not wrong",
    tag,
    answers: { 200: Readiness, 503: Readiness },
    outsideSdk: "for monitoring",
  }),
};
