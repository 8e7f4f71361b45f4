import { ApiError } from "../../platform/errors.ts";

export function invalidToken(reason: string, cause?: unknown): ApiError {
  return new ApiError("invalid_token", `The access token is not accepted. ${reason}`, {
    headers: { "www-authenticate": 'Bearer realm="tillkeeper", error="invalid_token"' },
    cause,
  });
}

/** Of a token that outlived its grant. */
export function grantRemoved(): ApiError {
  return invalidToken("Its client or grant has been removed.");
}

/** Names the scopes of which any one would suffice. */
export function insufficientScope(accepted: readonly string[]): ApiError {
  return new ApiError("insufficient_scope", `The token needs one of the scopes: ${accepted.join(", ")}.`, {
    headers: {
      "www-authenticate": `Bearer realm="tillkeeper", error="insufficient_scope", scope="${accepted.join(" ")}"`,
    },
  });
}
