import { ApiError } from "../platform/errors.ts";

/** Insertion met a row that a unique index already holds. `constraint` narrows to one index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return codeOf(error) === "23505" && (constraint === undefined || property(error, "constraint") === constraint);
}

/** There is no partition for the row: check violation, told from others by its text alone. */
export function isWithoutPartition(error: unknown): boolean {
  return codeOf(error) === "23514" && error instanceof Error && error.message.startsWith("no partition of relation");
}

/** The transaction lost against another one and may simply be run again: serialization failure or deadlock. */
export function isRetryable(error: unknown): boolean {
  return ["40001", "40P01"].includes(codeOf(error));
}

const unreachable = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "ENOTFOUND", "EPIPE", "ETIMEDOUT", "EAI_AGAIN"]);

/** The database is away, starting, stopping or full: the caller should come again, nothing is wrong with the request. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  // 08: connection exception; 53: insufficient resources; 57P: operator intervention (shutdown, crash, starting up);
  // 25006: a standby that cannot write, as during a failover.
  if (unreachable.has(code) || /^(08|53|57P)/.test(code) || code === "25006") return true;
  const message = error instanceof Error ? error.message : "";
  return (
    code === "" &&
    /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout)/.test(
      message,
    )
  );
}

export function unavailable(cause: unknown): ApiError {
  return new ApiError("service_unavailable", "The service is briefly unavailable; try again.", {
    headers: { "retry-after": "1" },
    cause,
  });
}

function codeOf(error: unknown): string {
  const code = property(error, "code");
  return typeof code === "string" ? code : "";
}

function property(error: unknown, name: string): unknown {
  return typeof error === "object" && error !== null ? (error as Record<string, unknown>)[name] : undefined;
}
