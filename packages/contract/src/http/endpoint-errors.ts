import type { Endpoint } from "./endpoint.ts";
import { type ErrorCode, errorCodes } from "./errors.ts";

const everywhere = [
  "invalid_request",
  "too_many_requests",
  "unsupported_media_type",
  "headers_too_large",
  "internal_error",
  "service_unavailable",
] as const satisfies readonly ErrorCode[];
/** The token's account is checked against the path's, too. */
const withToken = ["missing_token", "invalid_token", "insufficient_scope", "account_not_found"] as const;
const withBody = ["invalid_json", "body_too_large"] as const;

/** The codes that follow from a row without being named by it. */
export const commonErrors: ReadonlySet<ErrorCode> = new Set([...everywhere, ...withToken, ...withBody]);

/** Every error code that an endpoint can answer: what its row names, and what follows from the rest of the row. */
export function errorsOf(row: Endpoint): ErrorCode[] {
  const codes = new Set<ErrorCode>([
    ...everywhere,
    ...(row.errors ?? []),
    ...(row.scopes === "public" ? [] : withToken),
    ...(row.body ? withBody : []),
  ]);
  // In the order of the table of errors, which is by status.
  return (Object.keys(errorCodes) as ErrorCode[]).filter((code) => codes.has(code));
}
