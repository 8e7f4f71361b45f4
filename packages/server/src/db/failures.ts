import { ApiError } from "../platform/errors.ts";

/** Insertion met a row that a unique index already holds. `constraint` narrows to one index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return codeOf(error) === "23505" && (constraint === undefined || property(error, "constraint") === constraint);
}

/** A row breaks the rule of a table that is named. */
export function isCheckViolation(error: unknown, constraint: string): boolean {
  return codeOf(error) === "23514" && property(error, "constraint") === constraint;
}

/**
 * No partition exists for the row. PostgreSQL reports a check violation without a constraint's name, in every language
 * of messages.
 */
export function isWithoutPartition(error: unknown): boolean {
  return codeOf(error) === "23514" && property(error, "constraint") === undefined;
}

/** A row stayed locked by another transaction for longer than the hot statements wait. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === "55P03";
}

/** The role lacks the right to a table, a column or a function, or the policies of row security forbid the statement. */
export function isForbidden(error: unknown): boolean {
  return codeOf(error) === "42501";
}

/** Serialization failure or deadlock: the transaction may be run again. */
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

/** The driver's messages, without a code, for a connection that breaks, is closed, or is not opened in time. */
const connectionTrouble =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|Query read timeout)/;

/**
 * The database is unreachable, starting, stopping or full. The request is not at fault, and the caller should try
 * again.
 */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  // 08: connection exception; 28: the server's own password is refused, as between two steps of changing it; 53:
  // insufficient resources; 57: operator intervention (shutdown, crash, starting up, cancelled); 58: trouble with files;
  // 25006: a standby that cannot write, as during a failover; 55P03: a row stayed locked; 25P03: a transaction was ended
  // because it stalled.
  if (unreachable.has(code) || /^(08|28|53|57|58)/.test(code) || ["25006", "55P03", "25P03"].includes(code))
    return true;
  if (isStaleStatement(error)) return true;
  return code === "" && error instanceof Error && connectionTrouble.test(error.message);
}

/**
 * A prepared statement is not that of its connection any more: a pooler has changed the connection, another program has
 * dropped the statement, or a migration has changed its table. On a new connection it works.
 */
export function isStaleStatement(error: unknown): boolean {
  const code = codeOf(error);
  if (["26000", "42P05"].includes(code)) return true;
  // The name of the function in PostgreSQL is the same in every language of messages.
  return code === "0A000" && property(error, "routine") === "RevalidateCachedQuery";
}

/** The connection leads to a standby, or to a leader that has become one: another connection may lead to the leader. */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === "25006";
}

/** The driver has stopped waiting for an answer; whether the statement ran is unknown. */
export function isOverdue(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout";
}

/** The answer to a failure that passes: 503, to be tried again after a second. */
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
