import type { Endpoint } from "./endpoint.ts";
import { type ErrorCode, errorCodes } from "./errors.ts";
import { changesResource, readsResource } from "./resource.ts";

const everywhere = [
  "invalid_request",
  "too_many_requests",
  "unsupported_media_type",
  "headers_too_large",
  "internal_error",
  "service_unavailable",
] as const satisfies readonly ErrorCode[];
/** `account_not_found` is among them, because the token's account is checked against the path's. */
const withToken = ["missing_token", "invalid_token", "insufficient_scope", "account_not_found"] as const;
/** Of a single resource, whose state a request can name. */
const withTag = ["precondition_failed"] as const;
const withBody = ["invalid_json", "body_too_large"] as const;

/** The codes that follow from an endpoint's other fields, so that its row does not name them. */
export const commonErrors: ReadonlySet<ErrorCode> = new Set([...everywhere, ...withToken, ...withBody, ...withTag]);

/** Whether the server reads a JSON body. It does so, and refuses other bodies, even where the endpoint has no body schema. */
function readsBody({ method, upload }: Endpoint): boolean {
  return method !== "GET" && !upload;
}

/** Every error code that an endpoint can answer: those that its row names, and those that follow from the rest of the row. */
export function errorsOf(row: Endpoint): ErrorCode[] {
  const codes = new Set<ErrorCode>([
    ...everywhere,
    ...(row.errors ?? []),
    ...(row.scopes === "public" ? [] : withToken),
    ...(readsBody(row) ? withBody : []),
    ...(changesResource(row) || readsResource(row) ? withTag : []),
  ]);
  // In the order of the table of errors, which is by status.
  return (Object.keys(errorCodes) as ErrorCode[]).filter((code) => codes.has(code));
}
