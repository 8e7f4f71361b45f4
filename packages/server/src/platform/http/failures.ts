import type { ErrorCode } from "@tillkeeper/contract/http/errors";
import type { FastifyError, FastifyRequest } from "fastify";
import { ApiError, invalidRequest, nothingHere } from "../errors.ts";
import { unsupportedType } from "./bodies/body-headers.ts";
import { errorDetails } from "./bodies/validation.ts";

/** Errors of the framework, as our codes and messages. */
const frameworkCodes: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["body_too_large", "The body is larger than this server accepts."],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    "invalid_request",
    "The body does not have the length that Content-Length names.",
  ],
  FST_ERR_BAD_URL: ["invalid_request", "The address is not a valid URL."],
};

/** Errors of plugins that have only a status. */
const pluginStatuses: Record<number, [ErrorCode, string]> = {
  405: ["method_not_allowed", "This method is not allowed here."],
  413: ["body_too_large", "The body is larger than this server accepts."],
};

/** Refusals of plugins and of the framework that say no more than that there is nothing. */
const nothing: ReadonlySet<unknown> = new Set([403, 404, 414]);

/**
 * Turns any value thrown for a request into an `ApiError`. An unexpected error becomes `internal_error` without its
 * text.
 */
export function toApiError(thrown: unknown, request: FastifyRequest): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const error = thrown as Partial<FastifyError>;
  if (error.validation) {
    return invalidRequest(...errorDetails(error.validation, error.validationContext));
  }
  const known = frameworkCodes[error.code ?? ""];
  if (known) return new ApiError(known[0], known[1], { cause: thrown });
  if (error.statusCode === 415) return unsupportedType(request);
  if (nothing.has(error.statusCode)) return nothingHere();
  if (error.statusCode === 400) {
    // An error of a body parser; its text may quote the body, so it is not sent.
    return new ApiError("invalid_json", "The body could not be read.", { cause: thrown });
  }
  const ofStatus = pluginStatuses[error.statusCode ?? 0];
  if (ofStatus) return new ApiError(ofStatus[0], ofStatus[1], { cause: thrown });
  return new ApiError("internal_error", "Something went wrong on our side.", { cause: thrown });
}
