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
    Type.Boolean({ description: "true when the server is ready, and something needs attention: the clock is off." }),
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
  ready: endpoint({
    method: "GET",
    path: "/health/ready",
    scopes: "public",
    id: "health_ready",
    summary: "The server has started; database, broker and workers are up, and the clock is not wrong",
    tag,
    answers: { 200: Readiness, 503: Readiness },
    outsideSdk: "for monitoring",
  }),
};
