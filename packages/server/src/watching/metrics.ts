import { deviceReasons, timeoutReasons } from "@tillkeeper/contract/operation-reasons";
import { operationNames } from "@tillkeeper/contract/operations";
import { Counter, Histogram, Registry } from "prom-client";
import type { EndedOperation, OperationWatch } from "../operations/watch.ts";
import type { OnAnswered } from "../platform/http/answered.ts";
import type { AttemptOutcome } from "../webhooks/sending/sender.ts";

/** The counters of this server. Its functions do not throw, and take microseconds. */
export interface Metrics extends OperationWatch {
  registry: Registry;
  /** Counts by the path with the names of its parameters; `none` where no route has the address. */
  answered: OnAnswered;
  attempted: (outcome: AttemptOutcome) => void;
  missed: () => void;
}

const requestSeconds = [0.005, 0.025, 0.1, 0.5, 2, 10, 60];
/** A TIMEOUT is promised within a second of the deadline. */
const latenessSeconds = [0.1, 0.25, 0.5, 1, 2, 5, 30, 300];
/** The reasons of TIMEOUT; `invalid_result` where the only result could not be read. */
const reasonsOfTimeout = new Set([...Object.values(timeoutReasons), "invalid_result"]);

/**
 * Makes the counters of one server. Every label has few values: routes, statuses, kinds of operations and reasons, but no
 * account, store or terminal. Every counter begins as 0, so that the first event of a kind is an increase, too.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "tillkeeper_http_requests_total",
    help: "Answered requests, by route and status.",
    labelNames: ["method", "route", "status"] as const,
    registers,
  });
  const durations = new Histogram({
    name: "tillkeeper_http_request_duration_seconds",
    help: "From the first byte of a request to the end of its answer. Requests that wait for an end, and streams, take as long as they wait.",
    labelNames: ["route"] as const,
    buckets: requestSeconds,
    registers,
  });
  const { accepted, ended } = countersOfOperations(registry);
  const lateness = new Histogram({
    name: "tillkeeper_operation_timeout_lateness_seconds",
    help: "How long after its deadline an operation was ended as TIMEOUT.",
    buckets: latenessSeconds,
    registers,
  });
  const attempts = new Counter({
    name: "tillkeeper_webhook_attempts_total",
    help: "Attempts to deliver webhooks. failed: another attempt follows. given_up: none follows.",
    labelNames: ["outcome"] as const,
    registers,
  });
  const missed = new Counter({
    name: "tillkeeper_closings_missed_total",
    help: "Business days that were to be closed by themselves and were not closed in their time.",
    registers,
  });
  for (const outcome of ["delivered", "failed", "given_up"] satisfies AttemptOutcome[]) attempts.inc({ outcome }, 0);

  return {
    registry,
    answered: ({ method, routeOptions: { url: route = "none" } }, { statusCode: status, elapsedTime }) => {
      requests.inc({ method, route, status });
      durations.observe({ route }, elapsedTime / 1_000);
    },
    accepted: (operation) => accepted.inc({ operation }),
    ended({ operation, status, reason, lateMs }: EndedOperation) {
      ended.inc({ operation, status, reason: reason ?? "" });
      if (lateMs !== undefined) lateness.observe(lateMs / 1_000);
    },
    attempted: (outcome) => attempts.inc({ outcome }),
    missed: () => missed.inc(),
  };
}

function countersOfOperations(registry: Registry) {
  const registers = [registry];
  const accepted = new Counter({
    name: "tillkeeper_operations_accepted_total",
    help: "Operations that this server accepted.",
    labelNames: ["operation"] as const,
    registers,
  });
  const ended = new Counter({
    name: "tillkeeper_operations_ended_total",
    help: "Operations that this server ended. The reason is empty with COMPLETED.",
    labelNames: ["operation", "status", "reason"] as const,
    registers,
  });
  for (const operation of operationNames) {
    accepted.inc({ operation }, 0);
    ended.inc({ operation, status: "COMPLETED", reason: "" }, 0);
    for (const reason of reasonsOfTimeout) ended.inc({ operation, status: "TIMEOUT", reason }, 0);
    for (const reason of deviceReasons) ended.inc({ operation, status: "FAILED", reason }, 0);
  }
  return { accepted, ended };
}
