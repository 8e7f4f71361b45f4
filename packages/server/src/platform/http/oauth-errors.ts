import type { ErrorCode } from "@tillkeeper/contract/http/errors";
import type { OAuthCode } from "@tillkeeper/contract/http/token";
import type { FastifyRequest } from "fastify";
import type { ApiError } from "../errors.ts";
import { formType, mediaType } from "./bodies/body-headers.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** To a form, errors are answered in the shape of RFC 6749. */
    oauthErrors?: boolean;
  }
}

const codes: Partial<Record<ErrorCode, OAuthCode>> = {
  invalid_client: "invalid_client",
  invalid_grant_type: "unsupported_grant_type",
  invalid_grant: "invalid_grant",
  invalid_scope: "invalid_scope",
  invalid_audience: "invalid_target",
  audience_not_granted: "unauthorized_client",
};

/** RFC 6749 section 5.2: 400, but for a client that is not known. What passes by itself keeps its status. */
const ownStatuses: ReadonlySet<number> = new Set([401, 413, 415, 429, 431]);

interface Answered {
  status: number;
  body: object;
}

/**
 * An error as the request is to be answered: in the API's shape, or, for a form-encoded token request, in that of RFC
 * 6749 section 5.2, which is all that standard clients understand.
 */
export function errorAnswer(error: ApiError, { routeOptions, headers }: FastifyRequest): Answered {
  const form = mediaType(headers["content-type"]) === formType;
  if (!routeOptions.config?.oauthErrors || !form) return { status: error.status, body: error.body() };
  return {
    status: error.status >= 500 || ownStatuses.has(error.status) ? error.status : 400,
    body: { error: codeOf(error), error_description: describe(error) },
  };
}

function codeOf({ code, status }: ApiError): OAuthCode {
  const own = codes[code];
  if (own) return own;
  if (status === 429 || status === 503) return "temporarily_unavailable";
  return status >= 500 ? "server_error" : "invalid_request";
}

/** Message and places, in the characters that section 5.2 allows: no quotes, no backslashes, ASCII only. */
function describe({ message, errors }: ApiError): string {
  const places = errors.map(({ path, message: what }) => `${path.replace(/^\/body\//, "")} ${what}`);
  const text = places.length > 0 ? places.join("; ") : message;
  return text
    .replaceAll('"', "'")
    .replaceAll("\\", "/")
    .replaceAll(/[^\x20-\x7e]/g, "?");
}
