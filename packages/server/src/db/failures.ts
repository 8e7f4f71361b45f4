import { ApiError } from "../platform/errors.ts";

/** Insertion met a row that a unique index already holds. `constraint` narrows to one index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return codeOf(error) === "23505" && (constraint === undefined || property(error, "constraint") === constraint);
}

/** There is no partition for the row: a check violation that names no constraint, whatever the server's language. */
export function isWithoutPartition(error: unknown): boolean {
  return codeOf(error) === "23514" && property(error, "constraint") === undefined;
}

/** A row stayed locked by another transaction for longer than the hot statements wait. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === "55P03";
}

/** The transaction lost against another one and may simply be run again: serialization failure or deadlock. */
export function isRetryable(error: unknown): boolean {
  return ["40001", "40P01"].includes(codeOf(error));
}

const unreachable = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
]);

/** What the driver says, without a code, of a connection that breaks, is given up, or does not come about in time. */
const connectionTrouble =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|Query read timeout)/;

/** The database is away, starting, stopping or full: the caller should come again, nothing is wrong with the request. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  // 08: connection exception; 53: insufficient resources; 57: operator intervention (shutdown, crash, starting up,
  // cancelled); 58: trouble with files; 25006: a standby that cannot write, as during a failover; 55P03: a row stayed
  // locked; 25P03: a transaction was ended because it stalled.
  if (unreachable.has(code) || /^(08|53|57|58)/.test(code) || ["25006", "55P03", "25P03"].includes(code)) return true;
  return code === "" && error instanceof Error && connectionTrouble.test(error.message);
}

/** The driver has given up waiting for an answer; what becomes of the statement is unknown. */
export function isOverdue(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout";
}

export function unavailable(cause: unknown): ApiError {
  return new ApiError("service_unavailable", "The service is briefly unavailable; try again.", { cause });
}

function codeOf(error: unknown): string {
  const code = property(error, "code");
  return typeof code === "string" ? code : "";
}

function property(error: unknown, name: string): unknown {
  return typeof error === "object" && error !== null ? (error as Record<string, unknown>)[name] : undefined;
}
